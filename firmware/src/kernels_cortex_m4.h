/*
 * Kernels for the DSP instructions of the Cortex-M4, beside the portable ones of kernels.h and equal to them in every
 * byte. kws/codegen/cortex_m4 decides which layers they take, and writes the assembly that they call (models.S).
 */
#ifndef KWS_KERNELS_CORTEX_M4_H
#define KWS_KERNELS_CORTEX_M4_H

#include "kernels.h"

/* Not for other targets: their portable kernels are what is tested there. KWS_PORTABLE takes those on this one too. */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(KWS_PORTABLE)
#define KWS_CORTEX_M4 1
#else
#define KWS_CORTEX_M4 0
#endif

enum { KWS_M4_FILTERS = 2, KWS_M4_PARAMETERS = 4, KWS_M4_TABLE_WORDS = 448 };

/* One or two filters over a whole frame, see kws/codegen/cortex_m4/convolution.py. */
typedef void (*kws_m4_filters_t)(const int16_t *frame, int8_t *output, const int16_t *weights,
                                 const int32_t *parameters);

/* How a convolution lies in its frame: rows of pitch int16, (output_height - 1) * stride_height + kernel_height. */
typedef struct {
  kws_m4_filters_t pair, single;
  uint16_t pitch;     /* even */
  uint16_t row_words; /* of a kernel's row */
} kws_m4_frame_t;

/* kws_conv_2d with room for the frame, aligned to words. Input, frame and output do not overlap. */
void kws_m4_conv_2d(const kws_conv_2d_t *layer, const kws_m4_frame_t *how, const int8_t *restrict input,
                    int16_t *restrict frame, int8_t *restrict output);

/* kernels_dot.S: sums[r] += sum of weights[r * row_bytes + i] * input[i], i < length, a multiple of 16 and not 0. */
void kws_m4_dot4(const int8_t *input, const int8_t *weights, uint32_t row_bytes, uint32_t length, int32_t sums[4]);

#endif
