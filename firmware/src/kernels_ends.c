/* QUANTIZE and DEQUANTIZE between floats and int8: the float ends of a model. */
#include "kernels_requantize.h"

#pragma STDC FP_CONTRACT OFF

static const float FAR = 1024.0f; /* steps from zero that no zero point brings back into int8 */

static int32_t rounded(float value) {
  if (!(value > -FAR))
    return -(int32_t)FAR;
  if (value > FAR)
    return (int32_t)FAR;
  const int32_t whole = (int32_t)value;
  const float rest = value - (float)whole;
  return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

void kws_quantize(const float *real, uint32_t count, float scale, int32_t zero_point, int8_t *values) {
  for (uint32_t i = 0; i < count; i++)
    values[i] = kws_clamp(rounded(real[i] / scale) + zero_point, INT8_MIN, INT8_MAX);
}

void kws_dequantize(const int8_t *values, uint32_t count, float scale, int32_t zero_point, float *real) {
  for (uint32_t i = 0; i < count; i++)
    real[i] = scale * (float)(values[i] - zero_point);
}
