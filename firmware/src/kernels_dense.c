/* FULLY_CONNECTED: int8, one row of input, one scale or one an output. */
#include "kernels_dot.h"
#include "kernels_requantize.h"

void kws_fully_connected(const kws_fully_connected_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const kws_requantization_t *q = &layer->requantization;
  uint32_t row = 0;
  for (; row + KWS_DOT_ROWS <= layer->outputs; row += KWS_DOT_ROWS) {
    int32_t sums[KWS_DOT_ROWS] = {0, 0, 0, 0};
    kws_dot_4(input, layer->weights + row * layer->inputs, layer->inputs, layer->inputs, layer->input_offset, sums);
    for (uint32_t i = 0; i < KWS_DOT_ROWS; i++)
      output[row + i] = kws_requantize_once(q, row + i, sums[i]);
  }
  for (; row < layer->outputs; row++) {
    const int32_t sum = kws_dot_1(input, layer->weights + row * layer->inputs, layer->inputs, layer->input_offset);
    output[row] = kws_requantize_once(q, row, sum);
  }
}
