/* ADD with broadcasting, and functions of one value by table. */
#include "kernels_requantize.h"

enum { ADD_LEFT_SHIFT = 20 };

static inline int8_t sum_of(const kws_add_t *add, int32_t first, int32_t second) {
  const int32_t x = (first + add->first_offset) * (1 << ADD_LEFT_SHIFT);
  const int32_t y = (second + add->second_offset) * (1 << ADD_LEFT_SHIFT);
  const int32_t sum = kws_round_twice(x, add->first_multiplier, add->first_shift) +
                      kws_round_twice(y, add->second_multiplier, add->second_shift);
  const int32_t scaled = kws_round_twice(sum, add->output_multiplier, add->output_shift);
  return kws_clamp(scaled + add->output_offset, add->activation_min, add->activation_max);
}

void kws_add(const kws_add_t *layer, const int8_t *first, const int8_t *second, int8_t *output) {
  const uint32_t *shape = layer->shape, *a = layer->first_strides, *b = layer->second_strides;
  for (uint32_t i = 0; i < shape[0]; i++)
    for (uint32_t j = 0; j < shape[1]; j++)
      for (uint32_t k = 0; k < shape[2]; k++) {
        const int8_t *x = first + i * a[0] + j * a[1] + k * a[2];
        const int8_t *y = second + i * b[0] + j * b[1] + k * b[2];
        for (uint32_t l = 0; l < shape[3]; l++)
          *output++ = sum_of(layer, x[l * a[3]], y[l * b[3]]);
      }
}

void kws_map(const kws_map_t *layer, const int8_t *input, int8_t *output) {
  for (uint32_t i = 0; i < layer->count; i++)
    output[i] = layer->values[(uint8_t)input[i]];
}
