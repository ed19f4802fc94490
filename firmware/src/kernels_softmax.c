/* SOFTMAX over rows: in single precision, in the order in which TFLite's kernel for int8 adds and multiplies. */
#include "kernels_requantize.h"

/* A fused multiply-add would not round the product, and the reference kernel does. */
#pragma STDC FP_CONTRACT OFF

static const float OUTPUT_SCALE = 1.0f / 256.0f;

/* To the nearest integer, half away from zero; 0 <= value <= 257. */
static int32_t rounded(float value) {
  const int32_t whole = (int32_t)value;
  return whole + (value - (float)whole >= 0.5f);
}

void kws_softmax(const kws_softmax_t *layer, const int8_t *input, int8_t *output) {
  for (uint32_t row = 0; row < layer->rows; row++, input += layer->columns, output += layer->columns) {
    int32_t largest = INT8_MIN;
    for (uint32_t i = 0; i < layer->columns; i++)
      largest = input[i] > largest ? input[i] : largest;
    float sum = 0.0f;
    for (uint32_t i = 0; i < layer->columns; i++)
      sum += layer->exponentials[largest - input[i]];
    const float inverse = 1.0f / (sum * OUTPUT_SCALE);
    for (uint32_t i = 0; i < layer->columns; i++) {
      const int32_t value = rounded(layer->exponentials[largest - input[i]] * inverse) + INT8_MIN;
      output[i] = kws_clamp(value, INT8_MIN, INT8_MAX);
    }
  }
}
