/* From 480 samples to a power spectrum, the costly part of a frame: front_end_transform.c is the readable reference for
 * any target, front_end_transform_cortex_m4.c the one for a Cortex-M4 with a floating-point unit. Both make the same
 * operations on every value in the same order, so they agree in every bit with each other and with kws/features.py. */
#ifndef KWS_FRONT_END_TRANSFORM_H
#define KWS_FRONT_END_TRANSFORM_H

#include <stdint.h>

#include "front_end_tables.h" /* complex_t */

/* The Cortex-M4's is plain C, and a test compiles it for the host too, by this name. */
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(KWS_FRONT_END_CORTEX_M4)
#define KWS_FRONT_END_CORTEX_M4 1
#endif

enum { KWS_POINTS = 256 };

static inline complex_t add(complex_t a, complex_t b) {
  return (complex_t){a.re + b.re, a.im + b.im};
}
static inline complex_t subtract(complex_t a, complex_t b) {
  return (complex_t){a.re - b.re, a.im - b.im};
}
/* Times -i. */
static inline complex_t turned(complex_t a) {
  return (complex_t){a.im, -a.re};
}
/* Times exp(-i pi / 4). */
static inline complex_t eighth_turn(complex_t a) {
  return (complex_t){(a.re + a.im) * KWS_HALF_ROOT, (a.im - a.re) * KWS_HALF_ROOT};
}
static inline complex_t times(complex_t a, complex_t w) {
  return (complex_t){a.re * w.re - a.im * w.im, a.re * w.im + a.im * w.re};
}

/* samples[480] -> power[256]: four times the power of the windowed samples at bins 1 .. 255; power[0] is not written.
 */
void front_end_power(const int16_t *samples, float *power);

/* The transform's scratch of KWS_POINTS complex numbers: where the last window's features lie until the next one. */
complex_t *front_end_spectrum(void);

#endif
