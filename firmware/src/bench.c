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
static int16_t frame_values[KWS_FEATURE_BYTES];
static int8_t features[KWS_FEATURE_BYTES];
static int8_t stride_features[KWS_FEATURE_BYTES];
static bench_output_t output;
static const kws_model_t *model; /* NULL as long as no model fits: then there are never features either */
static int has_audio, has_features, has_output;

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

kws_status_t bench_receive(uint32_t crc) {
  has_audio = has_features = has_output = 0;
  port_read(audio, KWS_AUDIO_BYTES);
  if (crc32_update(0, audio, KWS_AUDIO_BYTES) != crc)
    return KWS_BAD_CRC;
  has_audio = 1;
  return KWS_OK;
}

kws_status_t bench_record(void) {
  if (!port_record(audio, KWS_CLIP_SAMPLES))
    return KWS_NO_MICROPHONE;
  has_audio = 1;
  has_features = has_output = 0;
  return KWS_OK;
}

static void preprocess(void) {
  front_end_clip(audio, frame_values);
  front_end_normalize(frame_values, features);
}

static void preprocess_stride(void) {
  front_end_stride(audio + KWS_CLIP_SAMPLES - KWS_WINDOW_SAMPLES, frame_values);
  front_end_normalize(frame_values, stride_features);
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
  has_features = 1;
  return bench_classify();
}

kws_status_t bench_classify(void) {
  if (!has_features)
    return KWS_NO_FEATURES;
  infer();
  finish();
  has_output = 1;
  return KWS_OK;
}

static void time_model(uint32_t cycles[KWS_PHASES]) {
  cycles[KWS_PHASE_INFERENCE] = counted(infer);
  cycles[KWS_PHASE_POSTPROCESS] = counted(finish);
}

kws_status_t bench_time(uint32_t cycles[KWS_PHASES]) {
  if (model == NULL)
    return KWS_BAD_MODEL;
  if (!has_audio)
    return KWS_NO_AUDIO;
  port_count_start();
  cycles[KWS_PHASE_PREPROCESS] = counted(preprocess);
  time_model(cycles);
  cycles[KWS_PHASE_PREPROCESS_STRIDE] = counted(preprocess_stride);
  port_count_stop();
  has_features = has_output = 1;
  return KWS_OK;
}

kws_status_t bench_time_model(uint32_t cycles[KWS_PHASES]) {
  if (!has_features)
    return KWS_NO_FEATURES;
  port_count_start();
  time_model(cycles);
  port_count_stop();
  has_output = 1;
  return KWS_OK;
}

const int16_t *bench_audio(void) {
  return has_audio ? audio : NULL;
}

const int8_t *bench_features(void) {
  return has_features ? features : NULL;
}

const bench_output_t *bench_output(void) {
  return has_output ? &output : NULL;
}

KWS_COLD_END
