/* See front_end_frame.h. From the values of frames to features, in integers: kws/normalization.py is the reference and
 * says what each kind of front end computes. Tables: front_end_tables.h. */
#include "front_end_frame.h"
#include "front_end_tables.h"
#include "front_end_transform.h"
#include "optimize.h"

enum { OFFSET = 1 << 15 }; /* keeps sums positive where C divides */

#if KWS_FRONT_END_PCEN
enum { UNIT = 32 << 8, LEVEL_SHIFT = 6 }; /* what roots drop so that 49 of them add up in 32 bits */

/* The root of an energy, from its logarithm; a frame's energy is below 2^48, so that none passes 31 bits. */
static inline int32_t root(int32_t value) {
  const uint32_t mantissa = (uint32_t)kws_pcen_roots[(value & 511) >> 3] << 16;
  return (int32_t)(mantissa >> (31 - KWS_PCEN_ROOT_FRACTION_BITS - (value >> 9)));
}

/* What a level subtracts from the logarithms of energies, which are twice those of their roots. noinline: what
 * is constant in it is not subtracted from every value anew. */
static __attribute__((noinline)) int32_t gain(int32_t level) {
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

/* What is summed over the frames of a band: roots for its level. */
static inline int32_t summand(int32_t value) {
  return root(value) >> LEVEL_SHIFT;
}
#else
/* What is summed over the frames of a band: values for their mean. */
static inline int32_t summand(int32_t value) {
  return value;
}
#endif

void front_end_sum(front_end_t *stream) {
  for (int band = 0; band < KWS_BANDS; band++) {
    int32_t sum = 0;
    KWS_UNROLL(7)
    for (int frame = 0; frame < KWS_FRAMES; frame++)
      sum += summand(stream->values[frame][band]);
    stream->sums[band] = sum;
  }
}

void front_end_replace(front_end_t *stream, const int16_t *values) {
  int16_t *oldest = stream->values[stream->next];
  KWS_UNROLL(2)
  for (int band = 0; band < KWS_BANDS; band++) {
    stream->sums[band] += summand(values[band]) - summand(oldest[band]);
    oldest[band] = values[band];
  }
  stream->next = stream->next + 1 < KWS_FRAMES ? stream->next + 1 : 0;
}

static inline int8_t saturated(int32_t value) {
  return (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value);
}

/* The mean of a band, from the sum of its values, less what rounds features to their units; noinline as above. */
static __attribute__((noinline)) int32_t offset_of(int32_t sum) {
  const int32_t mean = (sum + KWS_FRAMES * OFFSET + KWS_FRAMES / 2) / KWS_FRAMES - OFFSET;
  return mean - (1 << (KWS_FEATURE_SHIFT - 1));
}

/* Of one band, from the ring to features[frame * KWS_BANDS]. */
static void normalize_band(const front_end_t *stream, int band, int8_t *features) {
  int16_t values[2 * KWS_FRAMES]; /* as they lie in the ring, twice: the window's side by side from the oldest on */
  int32_t sum = stream->sums[band];
#if KWS_FRONT_END_PCEN
  const int32_t subtract = gain(sum / KWS_FRAMES << LEVEL_SHIFT);
  sum = 0;
#endif
  KWS_UNROLL(7)
  for (int frame = 0; frame < KWS_FRAMES; frame++) {
#if KWS_FRONT_END_PCEN
    const int32_t value = compressed(stream->values[frame][band] - subtract);
    sum += value;
#else
    const int32_t value = stream->values[frame][band];
#endif
    values[frame] = values[frame + KWS_FRAMES] = (int16_t)value;
  }
  const int16_t *window = values + stream->next;
  const int32_t offset = offset_of(sum);
  KWS_UNROLL(7)
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    features[frame * KWS_BANDS] = saturated((window[frame] - offset) >> KWS_FEATURE_SHIFT);
}

const int8_t *front_end_window(const front_end_t *stream) {
  int8_t *features = (int8_t *)front_end_spectrum(); /* no transform is under way */
  _Static_assert(KWS_POINTS * sizeof(complex_t) >= KWS_FRAMES * KWS_BANDS, "the features do not fit the scratch");
  for (int band = 0; band < KWS_BANDS; band++)
    normalize_band(stream, band, features + band);
  return features;
}
