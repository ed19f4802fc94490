/* PAD with a constant over up to four axes. */
#include <string.h>

#include "kernels.h"

static int inside(const kws_pad_t *layer, uint32_t axis, uint32_t at) {
  return at - layer->before[axis] < layer->input_shape[axis]; /* before it, the difference wraps to a large number */
}

void kws_pad(const kws_pad_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const uint32_t *shape = layer->output_shape, row = layer->input_shape[3];
  for (uint32_t i = 0; i < shape[0]; i++)
    for (uint32_t j = 0; j < shape[1]; j++)
      for (uint32_t k = 0; k < shape[2]; k++, output += shape[3]) {
        memset(output, layer->value, shape[3]);
        if (inside(layer, 0, i) && inside(layer, 1, j) && inside(layer, 2, k)) {
          memcpy(output + layer->before[3], input, row);
          input += row;
        }
      }
}
