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

/* sums[r] += sum of weights[r * row_stride + i] * (input[i] + input_offset), i < length, for r < rows <= 4. */
KWS_FOR_EACH_COUNT void kws_dot(const uint32_t rows, const int8_t *restrict input, const int8_t *restrict weights,
                                uint32_t row_stride, uint32_t length, int32_t input_offset, int32_t *sums) {
  const int8_t *row[KWS_DOT_ROWS];
  int32_t sum[KWS_DOT_ROWS];
  for (uint32_t r = 0; r < rows; r++) {
    row[r] = weights + r * row_stride;
    sum[r] = sums[r];
  }
  for (uint32_t i = 0; i < length; i++) {
    const int32_t x = input[i] + input_offset;
    for (uint32_t r = 0; r < rows; r++)
      sum[r] += x * row[r][i];
  }
  for (uint32_t r = 0; r < rows; r++)
    sums[r] = sum[r];
}

/* Calls do_rows(count, ...) for the rows 0 .. total - 1, four at a time and then what is left; `first` is the first of
 * each group. */
#define KWS_IN_GROUPS(first, total, do_rows, ...)                                                                      \
  for (uint32_t first = 0; first < (total); first += KWS_DOT_ROWS) {                                                   \
    switch ((total) - first) {                                                                                         \
    case 1:                                                                                                            \
      do_rows(1, __VA_ARGS__);                                                                                         \
      break;                                                                                                           \
    case 2:                                                                                                            \
      do_rows(2, __VA_ARGS__);                                                                                         \
      break;                                                                                                           \
    case 3:                                                                                                            \
      do_rows(3, __VA_ARGS__);                                                                                         \
      break;                                                                                                           \
    default:                                                                                                           \
      do_rows(4, __VA_ARGS__);                                                                                         \
    }                                                                                                                  \
  }

#endif
