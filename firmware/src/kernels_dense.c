/* FULLY_CONNECTED: int8, one row of input, one scale or one an output. */
#include <string.h>

#include "kernels_cortex_m4.h"
#include "kernels_dot.h"
#include "kernels_requantize.h"

/*
 * round(value * multiplier) as the reference kernel has it: the product rounded to a double's 53 bits, to even, and
 * that to an integer, half away from zero. In integers: with the multiplier as M * 2^-s, 2^52 <= M < 2^53, and P =
 * |value| * M, it is floor((P + h) / 2^s + 1/2), where h is half a unit in the last of P's leading 53 bits. For
 * whatever lies halfway between integers is a double, with an even mantissa: the product reaches it by its first
 * rounding if and only if P + h does.
 *
 * The multiplier is positive and normal; kws.codegen sees to it that the result is below 2^31. From 2^20 on it lies
 * outside int8 for every value but 0, and is not computed.
 */
static int32_t scaled(int32_t value, double multiplier) {
  enum { EXPONENT_OF_WORD = 1023 + 52 - 32, MANTISSA_BITS = 53, LARGE = 1 << 20, SHIFT_MAX = 63 };
  uint64_t bits;
  memcpy(&bits, &multiplier, sizeof bits);
  const uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
  const uint32_t high_mantissa = ((uint32_t)(bits >> 32) & 0xFFFFF) | 0x100000;
  const int32_t shift = EXPONENT_OF_WORD - (int32_t)(bits >> 52); /* of P / 2^32: s - 32 */
  const uint64_t low = (uint64_t)magnitude * (uint32_t)bits;
  uint64_t high = (uint64_t)magnitude * high_mantissa + (low >> 32);
  if (value == 0)
    return 0;
  const int32_t beyond = 64 - __builtin_clzll(high) + 32 - MANTISSA_BITS; /* bits of P that a double has no room for */
  const uint32_t half = beyond > 0 ? UINT32_C(1) << (beyond - 1) : 0;
  high += ((low & UINT32_MAX) + half) >> 32;
  int32_t rounded = LARGE;
  if (shift > 0) {
    const int32_t by = shift < SHIFT_MAX ? shift : SHIFT_MAX;
    rounded = (int32_t)((high + (UINT64_C(1) << (by - 1))) >> by);
  }
  return value < 0 ? -rounded : rounded;
}

static int8_t requantize(const kws_real_requantization_t *q, uint32_t row, int32_t accumulator) {
  const int32_t value = scaled(accumulator + q->bias[row], q->multipliers[row]);
  return kws_clamp(value + q->output_offset, q->activation_min, q->activation_max);
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
