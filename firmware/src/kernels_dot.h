/*
 * The inner loop of convolutions and dense layers: four rows of weights against one row of input, so that each input is
 * loaded, and its zero point taken off, once for four products. Private to the kernels.
 */
#ifndef KWS_KERNELS_DOT_H
#define KWS_KERNELS_DOT_H

#include <stdint.h>

enum { KWS_DOT_ROWS = 4 };

/* sums[r] += sum of weights[r * row_stride + i] * (input[i] + input_offset), i < length, for four rows r. */
static inline void kws_dot_4(const int8_t *restrict input, const int8_t *restrict weights, uint32_t row_stride,
                             uint32_t length, int32_t input_offset, int32_t sums[KWS_DOT_ROWS]) {
  const int8_t *w0 = weights, *w1 = w0 + row_stride, *w2 = w1 + row_stride, *w3 = w2 + row_stride;
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  for (uint32_t i = 0; i < length; i++) {
    const int32_t x = input[i] + input_offset;
    s0 += x * w0[i];
    s1 += x * w1[i];
    s2 += x * w2[i];
    s3 += x * w3[i];
  }
  sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

/* Sum of weights[i] * (input[i] + input_offset), i < length: the rows that four do not divide. */
static inline int32_t kws_dot_1(const int8_t *restrict input, const int8_t *restrict weights, uint32_t length,
                                int32_t input_offset) {
  int32_t sum = 0;
  for (uint32_t i = 0; i < length; i++)
    sum += weights[i] * (input[i] + input_offset);
  return sum;
}

#endif
