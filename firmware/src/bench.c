/* The phases of keyword spotting on fixed buffers, plain and timed. */
#include "bench.h"

#include <stddef.h>

#include "crc32.h"
#include "optimize.h"
#include "port.h"
#include "postprocess.h"

KWS_COLD_BEGIN

_Static_assert(KWS_AUDIO_BYTES == KWS_CLIP_SAMPLES * 2, "protocol.h and front_end.h differ about the clip");
_Static_assert(KWS_FEATURE_BYTES == KWS_FRAMES * KWS_BANDS, "protocol.h and front_end.h differ about the features");

static int16_t audio[KWS_CLIP_SAMPLES];
static union {
  front_end_t stream;
  int8_t tensor[KWS_FEATURE_BYTES]; /* loaded in the place of features */
} input;
static const int8_t *features; /* of the whole clip, in the front end's scratch, or the tensor, where has_features */
static bench_output_t output;
static const kws_model_t *model; /* NULL as long as no model fits: then there are never features either */
static int has_audio, has_features, has_output;
static uint32_t audio_crc, features_crc; /* features_crc: of what the features come from */
static uint32_t load_bytes, loaded_bytes;
static uint32_t cycles[KWS_PHASES];

kws_status_t bench_start(void) {
  return bench_select(0);
}

kws_status_t bench_select(uint32_t index) {
  if (index >= kws_model_count)
    return KWS_BAD_MODEL;
  const kws_model_t *candidate = kws_models[index];
  if (candidate->input_bytes != KWS_FEATURE_BYTES || candidate->classes == 0 || candidate->classes > KWS_CLASSES_MAX)
    return KWS_BAD_MODEL;
  model = candidate;
  model->prepare();
  has_output = 0;
  output.model = index;
  output.classes = model->classes;
  return KWS_OK;
}

static void drop_audio(void) {
  has_audio = has_features = has_output = 0;
}

kws_status_t bench_receive(uint32_t offset, uint32_t bytes, uint32_t crc) {
  if (bytes == 0 || bytes > KWS_UPLOAD_BYTES_MAX || offset > KWS_AUDIO_BYTES - bytes)
    return KWS_BAD_SIZE;
  drop_audio();
  uint8_t *destination = (uint8_t *)audio + offset;
  port_read(destination, bytes);
  return crc32_update(0, destination, bytes) == crc ? KWS_OK : KWS_DAMAGED;
}

kws_status_t bench_take_audio(uint32_t bytes, uint32_t crc) {
  if (bytes != KWS_AUDIO_BYTES)
    return KWS_BAD_SIZE;
  drop_audio();
  audio_crc = crc32_update(0, audio, KWS_AUDIO_BYTES);
  has_audio = audio_crc == crc;
  return has_audio ? KWS_OK : KWS_BAD_CRC;
}

kws_status_t bench_record(void) {
  if (!port_record(audio, KWS_CLIP_SAMPLES))
    return KWS_NO_MICROPHONE;
  return bench_take_audio(KWS_AUDIO_BYTES, crc32_update(0, audio, KWS_AUDIO_BYTES));
}

kws_status_t bench_load(uint32_t bytes) {
  if (model == NULL || bytes == 0 || bytes > model->input_bytes)
    return KWS_BAD_SIZE;
  has_features = has_output = 0;
  load_bytes = bytes;
  loaded_bytes = 0;
  return KWS_OK;
}

uint32_t bench_load_rest(void) {
  return load_bytes - loaded_bytes;
}

uint32_t bench_load_byte(int8_t byte) {
  if (bench_load_rest() == 0)
    return 0;
  input.tensor[loaded_bytes++] = byte;
  if (loaded_bytes == model->input_bytes) {
    features = input.tensor;
    features_crc = crc32_update(0, features, loaded_bytes);
    has_features = 1;
  }
  return bench_load_rest();
}

const int8_t *bench_loaded(uint32_t *bytes) {
  *bytes = load_bytes;
  return input.tensor;
}

static void preprocess_window(void) {
  features = front_end_window(&input.stream);
}

static void preprocess(void) {
  front_end_start(&input.stream, audio);
  preprocess_window();
}

/* The features are those of the audio from now on; a tensor whose loading is under way is given up. */
static void take_features(void) {
  load_bytes = loaded_bytes = 0;
  features_crc = audio_crc;
  has_features = 1;
}

static void preprocess_stride(void) {
  front_end_push(&input.stream, audio + KWS_CLIP_SAMPLES - KWS_WINDOW_SAMPLES);
}

static void infer(void) {
  model->invoke(features, output.logits);
}

static void finish(void) {
  output.label = postprocess(output.logits, output.classes, model->softmax, output.probabilities);
}

/* noinline and through a pointer: the reads of the counter surround the call, and no work is moved across them. */
static __attribute__((noinline)) uint32_t counted(void (*phase)(void)) {
  uint32_t before = port_cycles();
  phase();
  return port_cycles() - before;
}

kws_status_t bench_run(void) {
  if (model == NULL)
    return KWS_BAD_MODEL;
  if (!has_audio)
    return KWS_NO_AUDIO;
  preprocess();
  take_features();
  return bench_classify();
}

static void take_output(void) {
  output.input_crc = features_crc;
  has_output = 1;
}

kws_status_t bench_classify(void) {
  if (!has_features)
    return KWS_NO_FEATURES;
  infer();
  finish();
  take_output();
  return KWS_OK;
}

static void time_model(void) {
  cycles[KWS_PHASE_INFERENCE] = counted(infer);
  cycles[KWS_PHASE_POSTPROCESS] = counted(finish);
}

kws_status_t bench_time(void) {
  if (model == NULL)
    return KWS_BAD_MODEL;
  if (!has_audio)
    return KWS_NO_AUDIO;
  port_count_start();
  cycles[KWS_PHASE_PREPROCESS] = counted(preprocess);
  time_model();
  cycles[KWS_PHASE_PREPROCESS_STRIDE] = counted(preprocess_stride);
  cycles[KWS_PHASE_PREPROCESS_WINDOW] = counted(preprocess_window);
  port_count_stop();
  preprocess(); /* the stream has moved on; the features that stay are the clip's */
  take_features();
  take_output();
  return KWS_OK;
}

kws_status_t bench_time_model(void) {
  if (!has_features)
    return KWS_NO_FEATURES;
  port_count_start();
  time_model();
  port_count_stop();
  take_output();
  return KWS_OK;
}

const uint32_t *bench_cycles(void) {
  return cycles;
}

const int16_t *bench_audio(uint32_t *crc) {
  *crc = audio_crc;
  return has_audio ? audio : NULL;
}

const int8_t *bench_features(uint32_t *crc) {
  *crc = features_crc;
  return has_features ? features : NULL;
}

int16_t *bench_stream_room(void) {
  drop_audio();
  load_bytes = loaded_bytes = 0;
  return model == NULL ? NULL : audio;
}

void bench_stream_start(void) {
  front_end_start(&input.stream, audio);
}

void bench_stream_push(const int16_t *samples) {
  front_end_push(&input.stream, samples);
}

const bench_output_t *bench_stream_classify(void) {
  preprocess_window();
  infer();
  finish();
  return &output;
}

const bench_output_t *bench_output(void) {
  return has_output ? &output : NULL;
}

KWS_COLD_END
