/* See front_end_frame.h: samples -> power spectrum -> mel energies -> their logarithms. The order of every float
 * operation is that of kws/features.py, which is the reference: change both or neither. */
#include "front_end_frame.h"

#include <string.h>

#include "front_end_log2.h"
#include "front_end_tables.h"
#include "front_end_transform.h"
#include "optimize.h"

static float power[KWS_POINTS]; /* bin 0 is not used */

#if KWS_FRONT_END_MFCC
/* The orthonormal DCT-II of one frame's log energies: 8 fractional bits in, 6 out. */
static void to_coefficients(int16_t *values) {
  enum { SHIFT = 8 + 14 - 6 };
  int16_t log_mel[KWS_BANDS];
  memcpy(log_mel, values, sizeof log_mel);
  for (int k = 0; k < KWS_BANDS; k++) {
    int32_t sum = 1 << (SHIFT - 1);
    for (int band = 0; band < KWS_BANDS; band++)
      sum += log_mel[band] * kws_dct[k * KWS_BANDS + band];
    values[k] = (int16_t)(sum >> SHIFT);
  }
}
#endif

/* Sums over the bins between two edges of the filters: one filter falls there, and what it leaves is the next one's. A
 * falling line's share is a sum of partial sums. */
static void mel_energies(float *energies) {
  const float *bin = power + KWS_MEL_FIRST_BIN;
  float risen = 0.0f;
  for (int segment = 0; segment <= KWS_BANDS; segment++) {
    float total = 0.0f, partial = 0.0f;
    int n = kws_mel_bins[segment];
#define ADD(value) partial += total, total += (value)
    for (; n >= 4; n -= 4, bin += 4) {
      const float a = bin[0], b = bin[1], c = bin[2], d = bin[3];
      ADD(a), ADD(b), ADD(c), ADD(d);
    }
    if (n >= 2) {
      const float a = bin[0], b = bin[1];
      ADD(a), ADD(b);
      bin += 2;
    }
    if (n % 2 != 0)
      ADD(*bin++);
#undef ADD
    const float falling = partial * kws_mel_slope[segment] + total * kws_mel_last[segment];
    if (segment > 0)
      energies[segment - 1] = risen + falling;
    risen = total - falling;
  }
#if KWS_MEL_LONE
  for (int i = 0; i < KWS_MEL_LONE; i++)
    energies[kws_mel_lone[2 * i]] = power[kws_mel_lone[2 * i + 1]];
#endif
}

void front_end_frame(const int16_t *samples, int16_t *values) {
  float energies[KWS_BANDS];
  front_end_power(samples, power);
  mel_energies(energies);
  KWS_UNROLL(4)
  for (int band = 0; band < KWS_BANDS; band++)
    values[band] = (int16_t)log2_q8(energies[band] + KWS_LOG_FLOOR, KWS_ENERGY_UNIT);
#if KWS_FRONT_END_MFCC
  to_coefficients(values);
#endif
}
