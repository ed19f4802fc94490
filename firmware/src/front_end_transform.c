/* See front_end_transform.h. kws/features.py is the reference of the reference: change both or neither. */
#include "front_end_transform.h"

#if !KWS_FRONT_END_CORTEX_M4
#include "front_end.h"
#include "front_end_tables.h"

enum { HALF = KWS_POINTS / 2 };

static complex_t spectrum[KWS_POINTS]; /* of pairs of samples; in digit-reversed order after the last pass */

complex_t *front_end_spectrum(void) {
  return spectrum;
}

static float windowed(const int16_t *samples, int n) {
  const int mirrored = KWS_WINDOW_SAMPLES - 1 - n;
  return (float)(samples[n] * kws_window[n < mirrored ? n : mirrored]);
}

static void load_windowed(const int16_t *samples) {
  for (int n = 0; n < KWS_POINTS; n++)
    spectrum[n] = n < KWS_WINDOW_SAMPLES / 2 ? (complex_t){windowed(samples, 2 * n), windowed(samples, 2 * n + 1)}
                                             : (complex_t){0, 0};
}

static void dft4(const complex_t x[4], complex_t y[4]) {
  const complex_t t0 = add(x[0], x[2]), t1 = subtract(x[0], x[2]);
  const complex_t t2 = add(x[1], x[3]), t3 = turned(subtract(x[1], x[3]));
  y[0] = add(t0, t2);
  y[1] = add(t1, t3);
  y[2] = subtract(t0, t2);
  y[3] = subtract(t1, t3);
}

static void dft8(const complex_t x[8], complex_t y[8]) {
  complex_t plus[4], minus[4], even[4], odd[4];
  for (int i = 0; i < 4; i++) {
    plus[i] = add(x[i], x[i + 4]);
    minus[i] = subtract(x[i], x[i + 4]);
  }
  minus[1] = eighth_turn(minus[1]);
  minus[2] = turned(minus[2]);
  minus[3] = turned(eighth_turn(minus[3]));
  dft4(plus, even);
  dft4(minus, odd);
  for (int i = 0; i < 4; i++) {
    y[2 * i] = even[i];
    y[2 * i + 1] = odd[i];
  }
}

/* A pass of a decimation in frequency, over blocks of 8 * distance points. kws_twiddles: exp(-2 pi i m j / 256) for j
 * below 32, m from 1 to 7; the roots of the shorter blocks are among them. */
static void radix8_pass(int distance) {
  for (int first = 0; first < KWS_POINTS; first += 8 * distance) {
    for (int j = 0; j < distance; j++) {
      complex_t *z = spectrum + first + j, x[8], y[8];
      for (int m = 0; m < 8; m++)
        x[m] = z[m * distance];
      dft8(x, y);
      z[0] = y[0];
      for (int m = 1; m < 8; m++)
        z[m * distance] = times(y[m], kws_twiddles[32 / distance * 7 * j + m - 1]);
    }
  }
}

static void radix4_pass(void) {
  for (int first = 0; first < KWS_POINTS; first += 4) {
    complex_t y[4];
    dft4(spectrum + first, y);
    for (int m = 0; m < 4; m++)
      spectrum[first + m] = y[m];
  }
}

/* Bin k of the transform of pairs: k's digits of base 8, 8 and 4 stand backwards. */
static complex_t bin(int k) {
  return spectrum[k % 8 * 32 + k / 8 % 8 * 4 + k / 64];
}

/* exp(-2 pi i k / 512) for k below 128: the table holds the first half, the other is its mirror image. */
static complex_t root(int k) {
  const complex_t w = kws_split[k < 64 ? k : 128 - k];
  return k < 64 ? w : (complex_t){-w.im, -w.re};
}

/* From the transform of pairs of samples to the power spectrum: bins k and 256 - k share their sums. */
static void split(float *power) {
  for (int k = 1; k < HALF; k++) {
    const complex_t a = bin(k), b = bin(KWS_POINTS - k), w = root(k);
    const float er = a.re + b.re, ei = a.im - b.im, dr = a.re - b.re, di = a.im + b.im;
    const float tr = w.re * di + w.im * dr, ti = w.im * di - w.re * dr;
    const float plus_r = er + tr, plus_i = ei + ti, minus_r = er - tr, minus_i = ei - ti;
    power[k] = plus_r * plus_r + plus_i * plus_i;
    power[KWS_POINTS - k] = minus_r * minus_r + minus_i * minus_i;
  }
  const complex_t z = bin(HALF);
  power[HALF] = 4.0f * (z.re * z.re + z.im * z.im);
}

void front_end_power(const int16_t *samples, float *power) {
  load_windowed(samples);
  radix8_pass(32);
  radix8_pass(4);
  radix4_pass();
  split(power);
}
#endif
