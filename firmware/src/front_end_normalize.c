/* See front_end.h. From the values of 49 frames to a clip's features, in integers: kws/normalization.py is the
 * reference and says what each kind of front end computes. Tables: front_end_tables.h. */
#include "front_end.h"
#include "front_end_log2.h"
#include "front_end_tables.h"
#include "optimize.h"

enum { VALUES = KWS_FRAMES * KWS_BANDS, OFFSET = 1 << 15 }; /* the offset keeps sums positive where C divides */

#if KWS_FRONT_END_PCEN
enum { UNIT = 32 << 8, PLACES = sizeof kws_pcen_compression / sizeof *kws_pcen_compression };

/* alpha log2(epsilon + M) of one band, 8 fractional bits. A frame's energy is below 2^48, so that no root passes 2^24
 * and their sum fits. */
static int32_t gain_of(const int16_t *values, int band) {
  uint32_t sum = KWS_PCEN_FLOOR;
  KWS_UNROLL(4)
  for (int i = band; i < VALUES; i += KWS_BANDS)
    sum += kws_pcen_roots[(values[i] & 511) >> 1] >> (KWS_PCEN_ROOT_FRACTION_BITS - (values[i] >> 9));
  const int32_t level = 2 * log2_q8((float)sum) - KWS_PCEN_FRAMES_Q8;
  return ((level - UNIT) * KWS_PCEN_ALPHA_Q8 + 128) >> 8;
}

/* log2(2^x + delta), from a table of 32 steps an octave. */
static int32_t compressed(int32_t x) {
  const int32_t place = (x - KWS_PCEN_LOWEST * 256) >> 3;
  return kws_pcen_compression[place < 0 ? 0 : place >= PLACES ? PLACES - 1 : place];
}
#endif

void front_end_normalize(const int16_t *values, int8_t *features) {
  for (int band = 0; band < KWS_BANDS; band++) {
    int16_t column[KWS_FRAMES];
    int32_t sum = 0;
#if KWS_FRONT_END_PCEN
    const int32_t subtract = UNIT + gain_of(values, band);
    KWS_UNROLL(4)
    for (int frame = 0; frame < KWS_FRAMES; frame++)
      sum += column[frame] = (int16_t)compressed(values[frame * KWS_BANDS + band] - subtract);
#else
    KWS_UNROLL(4)
    for (int frame = 0; frame < KWS_FRAMES; frame++)
      sum += column[frame] = values[frame * KWS_BANDS + band];
#endif
    const int32_t mean = (sum + KWS_FRAMES * OFFSET + KWS_FRAMES / 2) / KWS_FRAMES - OFFSET;
    KWS_UNROLL(4)
    for (int frame = 0; frame < KWS_FRAMES; frame++) {
      const int32_t value = (column[frame] - mean + (1 << (KWS_FEATURE_SHIFT - 1))) >> KWS_FEATURE_SHIFT;
      features[frame * KWS_BANDS + band] = (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value);
    }
  }
}
