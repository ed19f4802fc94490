/*
 * The operators of an int8 model in portable C, equal to TFLite's reference kernels in every byte.
 *
 * Layout: activations are NHWC with N = 1, int8, one scale and zero point a tensor; real = scale * (q - zero_point).
 * Accumulators are int32; kws.codegen refuses a layer whose accumulator could overflow. Sizes are checked there too:
 * no kernel here fails, writes beyond its output or reads beyond its input. Input and output never overlap.
 *
 * Requantization: real multiplier = multiplier * 2^(shift - 31), 2^30 <= multiplier < 2^31 or 0, -31 <= shift <= 30.
 * Each channel has its own multiplier and shift; a tensor with one scale repeats them.
 */
#ifndef KWS_KERNELS_H
#define KWS_KERNELS_H

#include <stdint.h>

/* What turns int32 accumulators into int8: one entry of each table a channel. */
typedef struct {
  const int32_t *bias;
  const int32_t *multipliers;
  const int8_t *shifts;
  int16_t output_offset; /* zero point of the output */
  int16_t activation_min, activation_max;
} kws_requantization_t;

/* The same for dense layers, which TFLite's reference kernel scales by a real number in double precision. */
typedef struct {
  const int32_t *bias;
  const double *multipliers; /* input scale * weight scale / output scale, one an output */
  int16_t output_offset;
  int16_t activation_min, activation_max;
} kws_real_requantization_t;

/* Where a sliding window lies: window row 0 of output row y is input row y * stride_height - pad_top. */
typedef struct {
  uint16_t input_height, input_width, input_channels;
  uint16_t output_height, output_width, output_channels;
  uint16_t kernel_height, kernel_width;
  uint16_t stride_height, stride_width;
  uint16_t pad_top, pad_left; /* the padding below and to the right follows from the sizes */
} kws_window_t;

/* weights: output_channels * kernel_height * kernel_width * input_channels int8, in that order. */
typedef struct {
  kws_window_t window;
  kws_requantization_t requantization;
  const int8_t *weights;
  int16_t input_offset; /* minus the zero point of the input */
} kws_conv_2d_t;

/* weights: kernel_height * kernel_width * output_channels int8; output channel c reads input channel c / multiplier,
 * multiplier = output_channels / input_channels. */
typedef struct {
  kws_window_t window;
  kws_requantization_t requantization;
  const int8_t *weights;
  int16_t input_offset;
} kws_depthwise_conv_2d_t;

/* weights: outputs * inputs int8, in that order. */
typedef struct {
  uint32_t inputs;
  uint32_t outputs;
  kws_real_requantization_t requantization;
  const int8_t *weights;
  int16_t input_offset;
} kws_fully_connected_t;

/* Mean over the part of the window that lies inside the input, rounded half away from zero; scales are equal. */
typedef struct {
  kws_window_t window;
  int16_t activation_min, activation_max;
} kws_average_pool_2d_t;

/* Mean over height and width: multiplier and shift hold input scale / (output scale * positions). */
typedef struct {
  uint32_t positions; /* height * width */
  uint32_t channels;
  int32_t input_sum_offset; /* minus the zero point of the input times positions */
  int32_t multiplier;
  int16_t shift;
  int16_t output_offset;
} kws_mean_t;

void kws_conv_2d(const kws_conv_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_depthwise_conv_2d(const kws_depthwise_conv_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_fully_connected(const kws_fully_connected_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_average_pool_2d(const kws_average_pool_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_mean(const kws_mean_t *layer, const int8_t *restrict input, int8_t *restrict output);

/*
 * Unpack count weights of bits (2..7) bits each, as kws/codegen/packing.py packs them: weight i is the two's complement
 * number in bits i * bits .. i * bits + bits - 1 of the stream, bit k of the stream being bit k % 8 of byte k / 8.
 * Reads (count * bits + 7) / 8 bytes of packed, writes count int8 to weights.
 */
void kws_unpack_weights(const uint8_t *restrict packed, uint32_t count, uint32_t bits, int8_t *restrict weights);

/*
 * Unpack count weights that kws/codegen/sparse.py stored without their zeros: before each weight of bits (2..8) bits
 * the number of zeros, its high part in unary and its rice (0..7) low bits; writes count int8 to weights.
 */
void kws_unpack_sparse_weights(const uint8_t *restrict packed, uint32_t count, uint32_t bits, uint32_t rice,
                               int8_t *restrict weights);

#endif
