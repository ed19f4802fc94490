/* Weights from a bit stream to int8: once, when a model is prepared. */
#include "kernels.h"

#include <string.h>

#include "optimize.h"

KWS_COLD_BEGIN

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

typedef struct {
  const uint8_t *next;
  uint32_t window, held; /* held bits of the stream that are not used yet, lowest first */
} stream_t;

/* The next bits (0..8) of the stream as a number. */
static uint32_t take(stream_t *stream, uint32_t bits) {
  if (stream->held < bits) {
    stream->window |= (uint32_t)*stream->next++ << stream->held;
    stream->held += 8;
  }
  const uint32_t number = stream->window & ((UINT32_C(1) << bits) - 1);
  stream->window >>= bits;
  stream->held -= bits;
  return number;
}

void kws_unpack_sparse_weights(const uint8_t *restrict packed, uint32_t count, uint32_t bits, uint32_t rice,
                               int8_t *restrict weights) {
  const int32_t sign = INT32_C(1) << (bits - 1);
  stream_t stream = {packed, 0, 0};
  memset(weights, 0, count);
  for (uint32_t i = 0; i < count; i++) {
    while (take(&stream, 1)) {
      i += UINT32_C(1) << rice;
    }
    i += take(&stream, rice);
    if (i < count) { /* and not the end of the last gap */
      weights[i] = (int8_t)(((int32_t)take(&stream, bits) ^ sign) - sign);
    }
  }
}

KWS_COLD_END
