/* The front end on the board: 16 kHz audio -> log-mel frames -> int8 features. Byte for byte what kws/features.py
 * computes: float32 in one fixed order of operations (compile with -ffp-contract=off), then integers.
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

/* One frame: samples[480] -> log_mel[40], log2(energy + floor) with 8 fractional bits, 0 .. 32767. */
void front_end_frame(const int16_t *samples, int16_t *log_mel);

/* Cold: a whole clip, samples[16000] -> log_mel[49 * 40], frame after frame. */
void front_end_clip(const int16_t *samples, int16_t *log_mel);

/* Streaming: log_mel[49 * 40] moves one frame towards the past, and the frame of samples[480], the newest 30 ms,
 * becomes the last. */
void front_end_stride(const int16_t *samples, int16_t *log_mel);

/* log_mel[49 * 40] -> features[49 * 40]: each band less its mean over the frames, in sixteenths, clipped to int8. */
void front_end_normalize(const int16_t *log_mel, int8_t *features);

#endif
