/* FULLY_CONNECTED: int8, one row of input, one scale or one an output. */
#include "kernels_cortex_m4.h"
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

/* `count` outputs from `row` on. */
KWS_FOR_EACH_COUNT void some_outputs(const uint32_t count, const kws_fully_connected_t *layer, uint32_t row,
                                     const int8_t *restrict input, int8_t *restrict output) {
  int32_t sums[KWS_DOT_ROWS] = {0, 0, 0, 0};
  const int8_t *weights = layer->weights + row * layer->inputs;
  uint32_t done = 0;
#if KWS_CORTEX_M4
  if (count == KWS_DOT_ROWS && layer->input_offset == 0 && layer->inputs >= 16) {
    done = layer->inputs & ~15u;
    kws_m4_dot4(input, weights, layer->inputs, done, sums);
  }
#endif
  kws_dot(count, input + done, weights + done, layer->inputs, layer->inputs - done, layer->input_offset, sums);
  for (uint32_t i = 0; i < count; i++)
    output[row + i] = requantize(&layer->requantization, row + i, sums[i]);
}

void kws_fully_connected(const kws_fully_connected_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  KWS_IN_GROUPS(row, layer->outputs, some_outputs, layer, row, input, output)
}
