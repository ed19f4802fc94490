/* See front_end_frame.h. From the values of frames to features, in integers: kws/normalization.py is the reference and
 * says what each kind of front end computes. Tables: front_end_tables.h. */
#include <string.h>

#include "front_end_frame.h"
#include "front_end_tables.h"
#include "optimize.h"

enum {
  OFFSET = 1 << 15, /* keeps sums positive where C divides */
  MEAN_BITS = 8,    /* fractional bits that a mean has beyond a value's */
  SMOOTHING_SHIFT = KWS_SMOOTHING_SHIFT
};

#if KWS_FRONT_END_PCEN
enum { UNIT = 32 << 8, LEVEL_SHIFT = 6 }; /* what roots drop so that 49 of them add up in 32 bits */

/* The root of an energy, from its logarithm; a frame's energy is below 2^48, so that none passes 31 bits. */
static inline int32_t root(int32_t value) {
  const uint32_t mantissa = (uint32_t)kws_pcen_roots[(value & 511) >> 3] << 16;
  return (int32_t)(mantissa >> (31 - KWS_PCEN_ROOT_FRACTION_BITS - (value >> 9)));
}

/* What a level subtracts from the logarithms of energies, which are twice those of their roots. */
static inline int32_t gain(int32_t level) {
  const uint32_t floored = (uint32_t)level + KWS_PCEN_FLOOR;
  const int zeros = __builtin_clz(floored);
  const int32_t log_root =
      ((31 - zeros - KWS_PCEN_ROOT_FRACTION_BITS) << 8) + kws_pcen_logs[floored << zeros << 1 >> 25];
  return UNIT + ((2 * (log_root - UNIT / 2) * KWS_PCEN_ALPHA_Q8 + 128) >> 8) + KWS_PCEN_DELTA_Q8;
}

/* log2(2^x + 1): a straight line but for a bend around 0. */
static inline int32_t compressed(int32_t x) {
  const int32_t size = x < 0 ? -x : x, most = 8 * (int32_t)sizeof kws_pcen_bend - 1;
  return (x > 0 ? x : 0) + kws_pcen_bend[(size < most ? size : most) >> 3];
}

static int32_t level_of(const front_end_t *stream, int band) {
  uint32_t sum = 0;
  KWS_UNROLL(7)
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    sum += (uint32_t)root(stream->values[frame][band]) >> LEVEL_SHIFT;
  return (int32_t)(sum / KWS_FRAMES << LEVEL_SHIFT);
}
#endif

static inline int8_t rounded(int32_t value) {
  value = (value + (1 << (KWS_FEATURE_SHIFT - 1))) >> KWS_FEATURE_SHIFT;
  return (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value);
}

/* A band's values are compressed where they lie, and their mean is taken. */
static void compress_band(front_end_t *stream, int band) {
  int32_t sum = 0;
#if KWS_FRONT_END_PCEN
  stream->level[band] = level_of(stream, band);
  const int32_t subtract = gain(stream->level[band]);
  KWS_UNROLL(7)
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    sum += stream->values[frame][band] = (int16_t)compressed(stream->values[frame][band] - subtract);
#else
  KWS_UNROLL(7)
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    sum += stream->values[frame][band];
#endif
  stream->mean[band] = (sum + KWS_FRAMES * OFFSET + KWS_FRAMES / 2) / KWS_FRAMES - OFFSET;
}

void front_end_normalize_all(front_end_t *stream) {
  for (int band = 0; band < KWS_BANDS; band++)
    compress_band(stream, band);
  /* A feature never lies behind the value that it comes from, so both can share their place. */
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    KWS_UNROLL(4)
  for (int band = 0; band < KWS_BANDS; band++)
    stream->features[frame][band] = rounded(stream->values[frame][band] - stream->mean[band]);
  memcpy(stream->features[KWS_FRAMES], stream->features[0], KWS_FRAMES * KWS_BANDS);
  for (int band = 0; band < KWS_BANDS; band++)
    stream->mean[band] *= 1 << MEAN_BITS;
}

void front_end_normalize_one(front_end_t *stream, const int16_t *values) {
  int8_t *column = stream->features[stream->next], *twin = stream->features[stream->next + KWS_FRAMES];
  for (int band = 0; band < KWS_BANDS; band++) {
    int32_t value = values[band];
#if KWS_FRONT_END_PCEN
    const int32_t level = stream->level[band] + ((root(value) - stream->level[band]) >> SMOOTHING_SHIFT);
    stream->level[band] = level;
    value = compressed(value - gain(level));
#endif
    const int32_t mean = stream->mean[band] + ((value * (1 << MEAN_BITS) - stream->mean[band]) >> SMOOTHING_SHIFT);
    stream->mean[band] = mean;
    column[band] = twin[band] = rounded(value - ((mean + (1 << (MEAN_BITS - 1))) >> MEAN_BITS));
  }
}
