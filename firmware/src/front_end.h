/* The front end on the board: 16 kHz audio -> log energies of frames -> int8 features. Byte for byte what
 * kws/features.py computes: float32 in one fixed order of operations (compile with -ffp-contract=off), then integers.
 *
 * Caller owns every buffer. T = KWS_FRAMES, F = KWS_BANDS. Scratch of its own: 3,088 bytes, static, so not re-entrant.
 * No function fails: every int16 input has a defined result.
 */
#ifndef KWS_FRONT_END_H
#define KWS_FRONT_END_H

#include <stdint.h>

enum {
  KWS_SAMPLE_RATE_HZ = 16000,
  KWS_CLIP_SAMPLES = 16000,
  KWS_WINDOW_SAMPLES = 480,
  KWS_STRIDE_SAMPLES = 320,
  KWS_FRAMES = 49,
  KWS_BANDS = 40
};

/* One frame: samples[480] -> values[40]: log2(energy + floor) with 8 fractional bits, 0 .. 12,287 (the power of 480
 * int16 samples bounds it); with MFCC the coefficients with 6. */
void front_end_frame(const int16_t *samples, int16_t *values);

/* Cold: a whole clip, samples[16000] -> values[49 * 40], frame after frame. */
void front_end_clip(const int16_t *samples, int16_t *values);

/* Streaming: values[49 * 40] moves one frame towards the past, and the frame of samples[480], the newest 30 ms,
 * becomes the last. */
void front_end_stride(const int16_t *samples, int16_t *values);

/* values[49 * 40] -> features[49 * 40], clipped to int8. A function of these 49 frames alone: a stream that has run for
 * hours and a clip give the same features. */
void front_end_normalize(const int16_t *values, int8_t *features);

#endif
