/* The front end on the board: 16 kHz audio -> frames -> int8 features of the last 49. Byte for byte what
 * kws/features.py and kws/normalization.py compute: float32 in one fixed order of operations (compile with
 * -ffp-contract=off), then integers.
 *
 *     static front_end_t stream;
 *     const int8_t *features = front_end_start(&stream, samples); // cold: 15,840 samples, the frames of one window
 *     for (;;)
 *       features = front_end_push(&stream, the newest 480 samples); // warm: 320 of them new, one frame
 *
 * T = KWS_FRAMES, F = KWS_BANDS. Scratch of its own: 3,072 bytes, static, so one call at a time, of whatever stream. No
 * function fails: every int16 input has a defined result.
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
  KWS_BANDS = 40,
  KWS_START_SAMPLES = (KWS_FRAMES - 1) * KWS_STRIDE_SAMPLES + KWS_WINDOW_SAMPLES
};

/* A stream, 4,244 bytes. The caller owns it and looks at nothing inside; its start is front_end_start. */
typedef struct {
  union {
    /* Each column stands twice, KWS_FRAMES apart, so that the last KWS_FRAMES of them always lie side by side. */
    int8_t features[2 * KWS_FRAMES][KWS_BANDS];
    int16_t values[KWS_FRAMES][KWS_BANDS]; /* of the frames, while the stream starts */
  };
  int32_t level[KWS_BANDS]; /* PCEN's, and the mean that is subtracted: what is warm, see kws/normalization.py */
  int32_t mean[KWS_BANDS];
  int32_t next; /* column that is replaced next, the oldest */
} front_end_t;

/* Cold: level and mean are those of these samples' 49 frames, and nothing from before counts.
 *
 * samples[KWS_START_SAMPLES] -> features[49 * 40], at a word's address, valid until the next call for this stream. A
 * clip of a second is as long and 160 samples more, which no frame reaches. */
const int8_t *front_end_start(front_end_t *stream, const int16_t *samples);

/* Warm: samples[KWS_WINDOW_SAMPLES], the newest 30 ms: 160 that the frame before had too, then the stride's 320 new
 * ones. Behind a start they begin 49 strides after its samples. Returns the features of the last 49 frames as
 * front_end_start does; those of the 48 older ones are what they were. */
const int8_t *front_end_push(front_end_t *stream, const int16_t *samples);

#endif
