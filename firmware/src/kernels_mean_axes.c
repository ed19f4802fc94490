/* MEAN over any axes; that over height and width is in kernels_pool.c. */
#include "kernels_requantize.h"

static int32_t sum_of(const kws_mean_axes_t *layer, const int8_t *first) {
  int32_t sum = layer->input_sum_offset;
  for (uint32_t i = 0; i < layer->summed_lengths[0]; i++)
    for (uint32_t j = 0; j < layer->summed_lengths[1]; j++)
      sum += first[i * layer->summed_strides[0] + j * layer->summed_strides[1]];
  return sum;
}

void kws_mean_axes(const kws_mean_axes_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  for (uint32_t i = 0; i < layer->kept_lengths[0]; i++)
    for (uint32_t j = 0; j < layer->kept_lengths[1]; j++) {
      const int32_t sum = sum_of(layer, input + i * layer->kept_strides[0] + j * layer->kept_strides[1]);
      const int32_t mean = kws_round_twice(sum, layer->multiplier, layer->shift) + layer->output_offset;
      *output++ = kws_clamp(mean, INT8_MIN, INT8_MAX);
    }
}
