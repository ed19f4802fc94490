/* See front_end.h. The order of every float operation is that of kws/features.py, which is the reference: change both
 * or neither. Tables: front_end_tables.h, written by kws/codegen/front_end_tables.py. */
#include "front_end.h"

#include <string.h>

#include "front_end_log2.h"
#include "front_end_tables.h"
#include "optimize.h"

enum { POINTS = 256, HALF = POINTS / 2 };

typedef struct {
  float re, im;
} complex_t;

static complex_t spectrum[POINTS]; /* of pairs of samples, in digit-reversed order after the last pass */
static float power[POINTS];        /* four times the power of 2 x samples; bin 0 is not used */

static inline complex_t add(complex_t a, complex_t b) {
  return (complex_t){a.re + b.re, a.im + b.im};
}
static inline complex_t subtract(complex_t a, complex_t b) {
  return (complex_t){a.re - b.re, a.im - b.im};
}
static inline complex_t times(complex_t a, const float *w) {
  return (complex_t){a.re * w[0] - a.im * w[1], a.re * w[1] + a.im * w[0]};
}

static void load_windowed(const int16_t *samples) {
  KWS_UNROLL(4)
  for (int n = 0; n < KWS_WINDOW_SAMPLES / 2; n++) {
    spectrum[n].re = (float)samples[2 * n] * kws_window[2 * n];
    spectrum[n].im = (float)samples[2 * n + 1] * kws_window[2 * n + 1];
  }
  memset(&spectrum[KWS_WINDOW_SAMPLES / 2], 0, sizeof(complex_t) * (POINTS - KWS_WINDOW_SAMPLES / 2));
}

/* One radix-4 pass, decimation in frequency, over blocks of 4 * quarter points; w: (quarter, 3) roots, or NULL for 1.
 */
static inline void radix4_pass(int quarter, const float *w) {
  for (int j = 0; j < quarter; j++) {
    for (complex_t *z = spectrum + j; z < spectrum + POINTS; z += 4 * quarter) {
      const complex_t a = z[0], b = z[quarter], c = z[2 * quarter], d = z[3 * quarter];
      const complex_t t0 = add(a, c), t1 = subtract(a, c), t2 = add(b, d), t3 = subtract(b, d);
      const complex_t y1 = {t1.re + t3.im, t1.im - t3.re}, y3 = {t1.re - t3.im, t1.im + t3.re};
      const complex_t y2 = subtract(t0, t2);
      z[0] = add(t0, t2);
      z[quarter] = w ? times(y1, w + 6 * j) : y1;
      z[2 * quarter] = w ? times(y2, w + 6 * j + 2) : y2;
      z[3 * quarter] = w ? times(y3, w + 6 * j + 4) : y3;
    }
  }
}

/* From the transform of pairs of samples to the power spectrum: bins k and 256 - k share their sums. */
static void split(void) {
  for (int k = 1; k < HALF; k++) {
    const complex_t a = spectrum[kws_order[k]], b = spectrum[kws_order[POINTS - k]];
    const float *w = kws_split + 2 * k;
    const float er = a.re + b.re, ei = a.im - b.im, dr = a.re - b.re, di = a.im + b.im;
    const float tr = w[0] * di + w[1] * dr, ti = w[1] * di - w[0] * dr;
    const float plus_r = er + tr, plus_i = ei + ti, minus_r = er - tr, minus_i = ei - ti;
    power[k] = plus_r * plus_r + plus_i * plus_i;
    power[POINTS - k] = minus_r * minus_r + minus_i * minus_i;
  }
  const complex_t z = spectrum[kws_order[HALF]];
  power[HALF] = 4.0f * (z.re * z.re + z.im * z.im);
}

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

void front_end_frame(const int16_t *samples, int16_t *values) {
  load_windowed(samples);
  radix4_pass(64, kws_twiddles_256);
  radix4_pass(16, kws_twiddles_64);
  radix4_pass(4, kws_twiddles_16);
  radix4_pass(1, 0);
  split();
  const float *weight = kws_mel_weights;
  for (int band = 0; band < KWS_BANDS; band++) {
    const float *bin = power + kws_mel_first_bin[band];
    float energy = 0.0f;
    KWS_UNROLL(4)
    for (int n = kws_mel_bins[band]; n > 0; n--)
      energy += *bin++ * *weight++;
    values[band] = log2_q8(energy + KWS_LOG_FLOOR);
  }
#if KWS_FRONT_END_MFCC
  to_coefficients(values);
#endif
}

void front_end_clip(const int16_t *samples, int16_t *values) {
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    front_end_frame(samples + frame * KWS_STRIDE_SAMPLES, values + frame * KWS_BANDS);
}

void front_end_stride(const int16_t *samples, int16_t *values) {
  memmove(values, values + KWS_BANDS, sizeof(int16_t) * KWS_BANDS * (KWS_FRAMES - 1));
  front_end_frame(samples, values + KWS_BANDS * (KWS_FRAMES - 1));
}
