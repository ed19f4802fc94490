/*
 * The bench: one clip of audio, its features, one selected model and its output, and the phases that lead from one to
 * the next. Fixed buffers, no heap: 32,000 bytes of audio, a stream of the front end, and the output.
 *
 * Every step checks that what it reads is there and leaves everything as it was when it refuses.
 */
#ifndef KWS_BENCH_H
#define KWS_BENCH_H

#include <stdint.h>

#include "front_end.h"
#include "model.h"
#include "protocol.h"

typedef struct {
  uint32_t model; /* index in kws_models of the model that gave it */
  uint32_t label; /* 0 .. classes - 1 */
  uint32_t classes;
  int8_t logits[KWS_CLASSES_MAX];
  uint16_t probabilities[KWS_CLASSES_MAX]; /* Q15 */
} bench_output_t;

/* Puts the first model on the bench. KWS_BAD_MODEL where it does not fit these buffers. */
kws_status_t bench_start(void);

/* Selects kws_models[index] and prepares its weights; the output is gone, audio and features stay.
 * KWS_BAD_MODEL: no such model, or one whose input is not KWS_FEATURE_BYTES or that has more than KWS_CLASSES_MAX
 * classes. */
kws_status_t bench_select(uint32_t index);

/* Receives KWS_AUDIO_BYTES bytes from the port, int16 little-endian. Audio, features and output of before are gone.
 * KWS_BAD_CRC: what came does not have this checksum; the bench then holds no audio. */
kws_status_t bench_receive(uint32_t crc);

/* Records the audio from the board's microphone. Features and output of before are gone. KWS_NO_MICROPHONE. */
kws_status_t bench_record(void);

/* Features of the audio, then the selected model. KWS_NO_AUDIO without audio; KWS_BAD_MODEL as long as bench_start and
 * bench_select have found no model that fits. */
kws_status_t bench_run(void);

/* The selected model on the features that are there. KWS_NO_FEATURES without them. */
kws_status_t bench_classify(void);

/* bench_run with the cycle counter on; cycles: KWS_PHASES counts, all written on KWS_OK. The features that stay are
 * those of the whole clip; the streaming step is a stride of the same audio, behind it. KWS_NO_AUDIO,
 * KWS_BAD_MODEL. */
kws_status_t bench_time(uint32_t cycles[KWS_PHASES]);

/* bench_classify with the cycle counter on; writes the counts of KWS_PHASE_INFERENCE and KWS_PHASE_POSTPROCESS only.
 * KWS_NO_FEATURES. */
kws_status_t bench_time_model(uint32_t cycles[KWS_PHASES]);

/* The KWS_CLIP_SAMPLES samples of the audio, or NULL where there is none; valid until the next call above. */
const int16_t *bench_audio(void);

/* The KWS_FEATURE_BYTES features, or NULL where there are none; valid until the next call above. */
const int8_t *bench_features(void);

/* The last output, or NULL where there is none; valid until the next call above. */
const bench_output_t *bench_output(void);

#endif
