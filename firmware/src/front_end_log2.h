/* log2 in fixed point; kws/logarithm.py is the reference, operation by operation. */
#ifndef KWS_FRONT_END_LOG2_H
#define KWS_FRONT_END_LOG2_H

#include <stdint.h>

#include "front_end_tables.h"
#include "optimize.h"

/* log2 of the larger of value and 1, 8 fractional bits: exponent from the float's bits, fraction by Horner's scheme. */
static inline int16_t log2_q8(float value) {
  enum { FRACTION_BITS = 8 };
  union {
    float value;
    int32_t bits;
  } u = {value < 1.0f ? 1.0f : value};
  const int32_t exponent = (u.bits >> 23) - 127;
  u.bits = (u.bits & 0x7FFFFF) | 0x3F800000;
  const float t = u.value - 1.0f;
  float fraction = kws_log_polynomial[KWS_LOG_POLYNOMIAL_DEGREE];
  KWS_UNROLL(KWS_LOG_POLYNOMIAL_DEGREE)
  for (int i = KWS_LOG_POLYNOMIAL_DEGREE - 1; i >= 0; i--)
    fraction = fraction * t + kws_log_polynomial[i];
  return (int16_t)((exponent << FRACTION_BITS) + (int32_t)(fraction * (float)(1 << FRACTION_BITS) + 0.5f));
}

#endif
