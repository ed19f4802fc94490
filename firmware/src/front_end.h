/* The front end on the board: 16 kHz audio -> frames -> int8 features of the last 49. Byte for byte what
 * kws/features.py and kws/normalization.py compute: float32 in one fixed order of operations (compile with
 * -ffp-contract=off), then integers.
 *
 *     static front_end_t stream;
 *     front_end_start(&stream, samples); // 15,840 samples, the frames of one window
 *     for (;;) {
 *       const int8_t *features = front_end_window(&stream); // those of a clip: of its own 49 frames alone
 *       for (int stride = 0; stride < strides; stride++)
 *         front_end_push(&stream, the newest 480 samples); // 320 of them new, one frame
 *     }
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

/* The last KWS_FRAMES frames of a stream, 4,084 bytes. The caller owns it and looks at nothing inside. */
typedef struct {
  int16_t values[KWS_FRAMES][KWS_BANDS]; /* of each frame, before normalization: a ring */
  int32_t sums[KWS_BANDS];               /* over the ring, exact: of what a band is normalized by */
  int32_t next;                          /* the frame that is replaced next, the oldest */
} front_end_t;

/* samples[KWS_START_SAMPLES]: their 49 frames, and nothing from before counts. A clip of a second is as long and 160
 * samples more, which no frame reaches. */
void front_end_start(front_end_t *stream, const int16_t *samples);

/* One further frame: samples[KWS_WINDOW_SAMPLES], the newest 30 ms: 160 that the frame before had too, then the
 * stride's 320 new ones. Behind a start they begin 49 strides after its samples. */
void front_end_push(front_end_t *stream, const int16_t *samples);

/* The last 49 frames, normalized by themselves as a clip's are: features[49 * 40], at a word's address, in the scratch:
 * valid until the next call of the front end, of whatever stream. The stream stays as it is. */
const int8_t *front_end_window(const front_end_t *stream);

#endif
