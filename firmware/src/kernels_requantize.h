/*
 * From int32 accumulators to int8 as TFLite's reference convolutions and means do it. Private to the kernels.
 * A right shift of a negative number is arithmetic, as on every compiler that builds this firmware.
 */
#ifndef KWS_KERNELS_REQUANTIZE_H
#define KWS_KERNELS_REQUANTIZE_H

#include "kernels.h"

_Static_assert((-3 >> 1) == -2, "right shifts of negative numbers must be arithmetic");

/*
 * Convolutions and means round twice: round(x * multiplier / 2^31), half up, then a division by 2^-shift, half away
 * from zero (gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT; the multiplier is never negative, so
 * nothing saturates).
 */
static inline int32_t kws_round_twice(int32_t value, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = left - shift;
  const int32_t scaled = (int32_t)((uint32_t)value << left);
  const int32_t high = (int32_t)(((int64_t)scaled * multiplier + (INT64_C(1) << 30)) >> 31);
  const int32_t mask = (int32_t)((UINT32_C(1) << right) - 1);
  const int32_t half = (mask >> 1) + (high < 0);
  return (high >> right) + ((high & mask) > half);
}

static inline int8_t kws_clamp(int32_t value, int32_t low, int32_t high) {
  return (int8_t)(value < low ? low : value > high ? high : value);
}

/* One output of channel: accumulator without bias in, int8 out, rounded twice. */
static inline int8_t kws_requantize_twice(const kws_requantization_t *q, uint32_t channel, int32_t accumulator) {
  const int32_t value =
      kws_round_twice(accumulator + q->bias[channel], q->multipliers[channel], q->shifts[channel]) + q->output_offset;
  return kws_clamp(value, q->activation_min, q->activation_max);
}

#endif
