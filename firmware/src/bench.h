/*
 * The bench: one clip of audio, its features, one selected model and its output, and the phases that lead from one to
 * the next. Features are the model's input tensor, and may be loaded as they are instead. Fixed buffers, no heap:
 * 32,000 bytes of audio, a stream of the front end, and the output.
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
  uint32_t input_crc; /* CRC-32 of the audio it comes from, or of the input tensor that was loaded */
  int8_t logits[KWS_CLASSES_MAX];
  uint16_t probabilities[KWS_CLASSES_MAX]; /* Q15 */
} bench_output_t;

/* Puts the first model on the bench. KWS_BAD_MODEL where it does not fit these buffers. */
kws_status_t bench_start(void);

/* Selects kws_models[index] and prepares its weights; the output is gone, audio and features stay.
 * KWS_BAD_MODEL: no such model, or one whose input is not KWS_FEATURE_BYTES or that has more than KWS_CLASSES_MAX
 * classes. */
kws_status_t bench_select(uint32_t index);

/* Receives `bytes` bytes of audio (int16, little-endian) from the port, from byte `offset` of the clip on. Audio,
 * features and output of before are gone. KWS_BAD_SIZE: more than KWS_UPLOAD_BYTES_MAX, none, or beyond the clip's end;
 * nothing is received then. KWS_DAMAGED: what came does not have this checksum. */
kws_status_t bench_receive(uint32_t offset, uint32_t bytes, uint32_t crc);

/* What was received is the audio. Features and output of before are gone. KWS_BAD_SIZE: bytes is not KWS_AUDIO_BYTES.
 * KWS_BAD_CRC: it does not have this checksum; the bench then holds no audio. */
kws_status_t bench_take_audio(uint32_t bytes, uint32_t crc);

/* Records the audio from the board's microphone. Features and output of before are gone. KWS_NO_MICROPHONE. */
kws_status_t bench_record(void);

/* Announces an input tensor of `bytes` bytes; features and output of before are gone. KWS_BAD_SIZE: none, or more than
 * the selected model takes. */
kws_status_t bench_load(uint32_t bytes);

/* Adds a byte to it. Returns how many are still to come, and adds nothing where none is. The last one makes the tensor
 * the features, where it has as many bytes as the selected model takes. */
uint32_t bench_load_byte(int8_t byte);

/* How many bytes of the announced tensor are still to come. */
uint32_t bench_load_rest(void);

/* The announced tensor, as far as it has come and with what lay there before behind it; bytes: how long it was
 * announced, 0 where none is. */
const int8_t *bench_loaded(uint32_t *bytes);

/* Features of the audio, then the selected model. KWS_NO_AUDIO without audio; KWS_BAD_MODEL as long as bench_start and
 * bench_select have found no model that fits. */
kws_status_t bench_run(void);

/* The selected model on the features that are there. KWS_NO_FEATURES without them. */
kws_status_t bench_classify(void);

/* bench_run with the cycle counter on. The features that stay are those of the whole clip; a stream's stride and window
 * are timed on the same audio, behind it. KWS_NO_AUDIO, KWS_BAD_MODEL. */
kws_status_t bench_time(void);

/* bench_classify with the cycle counter on. KWS_NO_FEATURES. */
kws_status_t bench_time_model(void);

/* KWS_PHASES counts of the last timed run; bench_time_model writes those of the model's phases only. */
const uint32_t *bench_cycles(void);

/* The KWS_CLIP_SAMPLES samples of the audio, or NULL where there is none; valid until the next call above. crc: of
 * them. */
const int16_t *bench_audio(uint32_t *crc);

/* The KWS_FEATURE_BYTES features, or NULL where there are none; valid until the next call above. crc: of the audio they
 * come from, or of the tensor that was loaded. */
const int8_t *bench_features(uint32_t *crc);

/* For a listener. bench_stream_room gives up clip, features and output, and lends the KWS_CLIP_SAMPLES samples of the
 * clip's place, valid until the next call above; NULL without a model. bench_stream_start takes its first
 * KWS_START_SAMPLES samples as the stream's beginning, bench_stream_push the newest KWS_WINDOW_SAMPLES (front_end.h);
 * bench_stream_classify gives the selected model's output on the last second, normalized as a clip, which no command
 * sees. */
int16_t *bench_stream_room(void);
void bench_stream_start(void);
void bench_stream_push(const int16_t *samples);
const bench_output_t *bench_stream_classify(void);

/* The last output, or NULL where there is none; valid until the next call above. */
const bench_output_t *bench_output(void);

#endif
