/* FULLY_CONNECTED: int8, one row of input, one scale or one an output. */
#include "kernels_dot.h"
#include "kernels_requantize.h"

/* A fused multiply-add would not round the product, and the reference kernel does. */
#pragma STDC FP_CONTRACT OFF

/* To the nearest integer, half away from zero; kws.codegen sees to it that |value| < 2^31. */
static int32_t round_real(double value) {
  const int32_t whole = (int32_t)value;
  const double rest = value - whole;
  return whole + (rest >= 0.5) - (rest <= -0.5);
}

static int8_t requantize(const kws_real_requantization_t *q, uint32_t row, int32_t accumulator) {
  const double value = (accumulator + q->bias[row]) * q->multipliers[row];
  return kws_clamp(round_real(value) + q->output_offset, q->activation_min, q->activation_max);
}

void kws_fully_connected(const kws_fully_connected_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const kws_real_requantization_t *q = &layer->requantization;
  uint32_t row = 0;
  for (; row + KWS_DOT_ROWS <= layer->outputs; row += KWS_DOT_ROWS) {
    int32_t sums[KWS_DOT_ROWS] = {0, 0, 0, 0};
    kws_dot_4(input, layer->weights + row * layer->inputs, layer->inputs, layer->inputs, layer->input_offset, sums);
    for (uint32_t i = 0; i < KWS_DOT_ROWS; i++)
      output[row + i] = requantize(q, row + i, sums[i]);
  }
  for (; row < layer->outputs; row++) {
    const int32_t sum = kws_dot_1(input, layer->weights + row * layer->inputs, layer->inputs, layer->input_offset);
    output[row] = requantize(q, row, sum);
  }
}
