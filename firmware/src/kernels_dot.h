/*
 * The inner loop of convolutions and dense layers: up to four rows of weights against one row of input, so that each
 * input is loaded, and its zero point taken off, once for all of them. Private to the kernels.
 */
#ifndef KWS_KERNELS_DOT_H
#define KWS_KERNELS_DOT_H

#include <stdint.h>

enum { KWS_DOT_ROWS = 4 };

/* Compiled once for each number of rows, which must be a constant where it is called: the sums stay in registers. */
#define KWS_FOR_EACH_COUNT static inline __attribute__((always_inline))

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels_dsp.h"

/* Four bytes as a word, wherever they lie. */
static inline uint32_t kws_word_at(const int8_t *bytes) {
  uint32_t word;
  __builtin_memcpy(&word, bytes, sizeof word); /* one load: plain memcpy is a call in a freestanding build */
  return word;
}

/* The same number in both halves. */
static inline int16x2_t kws_twice(int32_t value) {
  return (int16x2_t)((uint32_t)(uint16_t)value * 0x00010001u);
}

/* sum + the products of four weights with four inputs: first and third byte in `even`, the others in `odd`, int16. */
static inline int32_t kws_dot_four(uint32_t weights, int16x2_t even, int16x2_t odd, int32_t sum) {
  sum = __smlad(__sxtb16((int8x4_t)weights), even, sum);
  return __smlad(__sxtb16((int8x4_t)__ror(weights, 8)), odd, sum);
}
#endif

/* sums[r] += sum of weights[r * row_stride + i] * (input[i] + input_offset), i < length, for r < rows <= 4. */
KWS_FOR_EACH_COUNT void kws_dot(const uint32_t rows, const int8_t *restrict input, const int8_t *restrict weights,
                                uint32_t row_stride, uint32_t length, int32_t input_offset, int32_t *sums) {
  const int8_t *row[KWS_DOT_ROWS];
  int32_t sum[KWS_DOT_ROWS];
  for (uint32_t r = 0; r < rows; r++) {
    row[r] = weights + r * row_stride;
    sum[r] = sums[r];
  }
  uint32_t i = 0;
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
  const int16x2_t offset = kws_twice(input_offset);
  for (; i + 4 <= length; i += 4) {
    const uint32_t four = kws_word_at(input + i);
    const int16x2_t even = __sadd16(__sxtb16((int8x4_t)four), offset);
    const int16x2_t odd = __sadd16(__sxtb16((int8x4_t)__ror(four, 8)), offset);
    for (uint32_t r = 0; r < rows; r++)
      sum[r] = kws_dot_four(kws_word_at(row[r] + i), even, odd, sum[r]);
  }
#endif
  for (; i < length; i++) {
    const int32_t x = input[i] + input_offset;
    for (uint32_t r = 0; r < rows; r++)
      sum[r] += x * row[r][i];
  }
  for (uint32_t r = 0; r < rows; r++)
    sums[r] = sum[r];
}

/* Calls do_rows(count, ...) for the rows 0 .. total - 1, four at a time and then one by one; `first` is the first of
 * each group. */
#define KWS_IN_GROUPS(first, total, do_rows, ...)                                                                      \
  for (uint32_t first = 0; first < (total);) {                                                                         \
    if ((total) - first >= KWS_DOT_ROWS) {                                                                             \
      do_rows(KWS_DOT_ROWS, __VA_ARGS__);                                                                              \
      first += KWS_DOT_ROWS;                                                                                           \
    } else {                                                                                                           \
      do_rows(1, __VA_ARGS__);                                                                                         \
      first++;                                                                                                         \
    }                                                                                                                  \
  }

#endif
