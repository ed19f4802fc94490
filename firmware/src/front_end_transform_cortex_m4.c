/* See front_end_transform.h. What makes this one fast: the window is multiplied by in integers while the first pass
 * loads its inputs, every butterfly lives in registers, and the last pass runs into the split: two blocks of four
 * points hold four pairs of mirrored bins. */
#include "front_end_transform.h"

#if KWS_FRONT_END_CORTEX_M4
#include "front_end.h"
#include "front_end_tables.h"
#include "optimize.h"

#define INLINE static inline __attribute__((always_inline))

static complex_t spectrum[KWS_POINTS];

complex_t *front_end_spectrum(void) {
  return spectrum;
}

/* Two int16, of any alignment. */
INLINE uint32_t pair_at(const int16_t *place) {
  uint32_t pair;
  __builtin_memcpy(&pair, place, sizeof pair); /* one load: -ffreestanding makes plain memcpy a call */
  return pair;
}
INLINE int32_t low(uint32_t pair) {
  return (int16_t)pair;
}
INLINE int32_t high(uint32_t pair) {
  return (int16_t)(pair >> 16);
}

/* Two integers to floats. With its FPU's registers in pairs, the chip moves two in the time of one. */
INLINE complex_t converted(int32_t re, int32_t im) {
#if defined(__arm__)
  union {
    double pair;
    int32_t half[2];
  } u;
  __asm("vmov %P0, %1, %2" : "=w"(u.pair) : "r"(re), "r"(im));
  return (complex_t){(float)u.half[0], (float)u.half[1]};
#else
  return (complex_t){(float)re, (float)im};
#endif
}

/* Two samples times the window; in the window's second half it lies mirrored. */
INLINE complex_t windowed(uint32_t samples, uint32_t window, int mirrored) {
  const int32_t re = low(samples) * (mirrored ? high(window) : low(window));
  const int32_t im = high(samples) * (mirrored ? low(window) : high(window));
  return converted(re, im);
}

INLINE void dft4(complex_t a, complex_t b, complex_t c, complex_t d, complex_t *y, int step) {
  const complex_t t0 = add(a, c), t1 = subtract(a, c), t2 = add(b, d), t3 = turned(subtract(b, d));
  y[0] = add(t0, t2);
  y[step] = add(t1, t3);
  y[2 * step] = subtract(t0, t2);
  y[3 * step] = subtract(t1, t3);
}

INLINE void dft8(const complex_t *x, complex_t *y) {
  const complex_t b1 = subtract(x[1], x[5]), b2 = subtract(x[2], x[6]), b3 = subtract(x[3], x[7]);
  dft4(add(x[0], x[4]), add(x[1], x[5]), add(x[2], x[6]), add(x[3], x[7]), y, 2);
  dft4(subtract(x[0], x[4]), eighth_turn(b1), turned(b2), turned(eighth_turn(b3)), y + 1, 2);
}

/* Outputs of a butterfly to their places, `distance` apart, times their roots. */
INLINE void store(complex_t *z, int distance, const complex_t *y, const complex_t *w) {
  z[0] = y[0];
  KWS_UNROLL(8)
  for (int m = 1; m < 8; m++)
    z[m * distance] = w ? times(y[m], w[m - 1]) : y[m];
}

/* Butterflies `from` .. `to` - 1 of the first pass; the last input is zero behind the window's end. */
INLINE void first_pass(const int16_t *samples, int from, int to) {
  const int16_t *x = samples + 2 * from, *forward = kws_window + 2 * from, *backward = kws_window + 478 - 2 * from;
  const complex_t *w = kws_twiddles + 7 * from;
  for (complex_t *z = spectrum + from; z < spectrum + to; z++, x += 2, forward += 2, backward -= 2, w += 7) {
    complex_t in[8], y[8];
    KWS_UNROLL(4)
    for (int m = 0; m < 4; m++)
      in[m] = windowed(pair_at(x + 64 * m), pair_at(forward + 64 * m), 0);
    KWS_UNROLL(4)
    for (int m = 4; m < 7; m++)
      in[m] = windowed(pair_at(x + 64 * m), pair_at(backward - 64 * m), 1);
    in[7] = to <= 16 ? windowed(pair_at(x + 448), pair_at(backward - 448), 1) : (complex_t){0, 0};
    dft8(in, y);
    store(z, 32, y, w);
  }
}

INLINE void second_pass(int j, const complex_t *w) {
  for (complex_t *z = spectrum + j; z < spectrum + KWS_POINTS; z += 32) {
    complex_t in[8], y[8];
    KWS_UNROLL(8)
    for (int m = 0; m < 8; m++)
      in[m] = z[4 * m];
    dft8(in, y);
    store(z, 4, y, w);
  }
}

/* Bins k and 256 - k, w = exp(-2 pi i k / 512). */
INLINE void split(complex_t a, complex_t b, complex_t w, float *power_a, float *power_b) {
  const float er = a.re + b.re, ei = a.im - b.im, dr = a.re - b.re, di = a.im + b.im;
  const float tr = w.re * di + w.im * dr, ti = w.im * di - w.re * dr;
  const float plus_r = er + tr, plus_i = ei + ti, minus_r = er - tr, minus_i = ei - ti;
  *power_a = plus_r * plus_r + plus_i * plus_i;
  *power_b = minus_r * minus_r + minus_i * minus_i;
}

/* The bins k + 64 m for m from 0 to 3 come out of four neighbours. */
INLINE void last_butterfly(int k, complex_t *y) {
  const complex_t *z = spectrum + (k & 7) * 32 + (k >> 3) * 4;
  dft4(z[0], z[1], z[2], z[3], y, 1);
}

INLINE complex_t mirrored(complex_t w) {
  return (complex_t){-w.im, -w.re};
}

static __attribute__((noinline)) void last_pass(float *power) {
  float *up = power + 1, *down = power + 255;
  for (int k = 1; k < 32; k++, up++, down--) {
    complex_t y[4], z[4];
    last_butterfly(k, y);
    last_butterfly(64 - k, z);
    const complex_t w = kws_split[k], v = mirrored(kws_split[64 - k]); /* of bins k and k + 64 */
    split(y[0], z[3], w, up, down);
    split(y[1], z[2], v, up + 64, down - 64);
    split(y[2], z[1], turned(w), up + 128, down - 128);
    split(y[3], z[0], turned(v), up + 192, down - 192);
  }
  complex_t y[4];
  last_butterfly(32, y);
  split(y[0], y[3], kws_split[32], power + 32, power + 224);
  split(y[1], y[2], mirrored(kws_split[32]), power + 96, power + 160);
  last_butterfly(0, y);
  split(y[1], y[3], kws_split[64], power + 64, power + 192);
  power[128] = 4.0f * (y[2].re * y[2].re + y[2].im * y[2].im);
}

static __attribute__((noinline)) void first_passes(const int16_t *samples) {
  first_pass(samples, 0, 16);
  first_pass(samples, 16, 32);
}

static __attribute__((noinline)) void second_passes(void) {
  second_pass(0, 0);
  for (int j = 1; j < 4; j++)
    second_pass(j, kws_twiddles + 56 * j);
}

void front_end_power(const int16_t *samples, float *power) {
  first_passes(samples);
  second_passes();
  last_pass(power);
}
#endif
