/* log2 in fixed point; kws/logarithm.py is the reference, operation by operation. */
#ifndef KWS_FRONT_END_LOG2_H
#define KWS_FRONT_END_LOG2_H

#include <stdint.h>

#include "front_end_tables.h"

/* The upper half of a product: one instruction on a Cortex-M4. */
static inline int32_t multiply_high(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b) >> 32);
}

/* log2(value / 2^unit), at least 0, 8 fractional bits: exponent from the float's bits, fraction by Horner's scheme. A
 * negative value has the smallest of exponents. */
static inline int32_t log2_q8(float value, int unit) {
  const union {
    float value;
    int32_t bits;
  } u = {value};
  const int32_t exponent = (u.bits >> 23) - 127 - unit, t = (u.bits & 0x7FFFFF) << 8;
  int32_t fraction = kws_log_polynomial[KWS_LOG_POLYNOMIAL_DEGREE];
  for (int i = KWS_LOG_POLYNOMIAL_DEGREE - 1; i >= 0; i--)
    fraction = kws_log_polynomial[i] + multiply_high(fraction, t);
  return exponent < 0 ? 0 : (exponent << 8) + (fraction >> 16);
}

#endif
