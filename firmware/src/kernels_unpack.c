/* Weights of 2 to 7 bits from a bit stream to int8: once, when a model is prepared. */
#include "kernels.h"

void kws_unpack_weights(const uint8_t *restrict packed, uint32_t count, uint32_t bits, int8_t *restrict weights) {
  const int32_t sign = INT32_C(1) << (bits - 1);
  const uint32_t mask = (UINT32_C(1) << bits) - 1;
  uint32_t window = 0, held = 0; /* held bits of the stream that are not used yet, lowest first */
  for (uint32_t i = 0; i < count; i++) {
    if (held < bits) {
      window |= (uint32_t)*packed++ << held;
      held += 8;
    }
    weights[i] = (int8_t)(((int32_t)(window & mask) ^ sign) - sign);
    window >>= bits;
    held -= bits;
  }
}
