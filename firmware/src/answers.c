/* One function for each row of protocol.h's KWS_FRAMED_COMMANDS: checks the words, moves the bench, writes the answer.
 */
#include "answers.h"

#include <stddef.h>

#include "bench.h"
#include "listen.h"
#include "optimize.h"
#include "port.h"
#include "reply.h"
#include "sha256.h"
#include "words.h"

KWS_COLD_BEGIN

static int in_session;
static uint32_t done_sequence; /* of the last command that was done once; hosts number from 1 */
static kws_status_t done_status;

int answers_in_session(void) {
  return in_session;
}

static kws_status_t once(kws_status_t (*step)(void)) {
  if (done_sequence != reply_sequence()) {
    done_status = step();
    done_sequence = reply_sequence();
  }
  return done_status;
}

static kws_status_t number(const char *word, uint32_t *value) {
  return words_number(word, 10, UINT32_MAX, value);
}

static kws_status_t checksum(const char *word, uint32_t *value) {
  return words_number(word, 16, UINT32_MAX, value);
}

static void send_image(void) {
  uint8_t digest[SHA256_BYTES];
  uint32_t bytes;
  const uint8_t *image = port_image(&bytes);
  sha256(image, bytes, digest);
  reply_open(KWS_REPLY_IMAGE);
  reply_hex_bytes(digest, sizeof digest);
  reply_number(bytes);
  reply_close();
}

static void send_clock(void) {
  reply_open(KWS_REPLY_CLOCK);
  reply_number(port_clock_hz());
  reply_text(port_cycle_unit());
  reply_close();
}

static void send_cycles(uint32_t first_phase) {
  static const char *const names[KWS_PHASES] = {KWS_PHASE_NAMES};
  for (uint32_t phase = first_phase; phase < KWS_PHASES; phase++) {
    reply_open(KWS_REPLY_CYCLES);
    reply_text(names[phase]);
    reply_number(bench_cycles()[phase]);
    reply_close();
  }
  send_clock();
}

static kws_status_t send_output(void) {
  const bench_output_t *output = bench_output();
  if (output == NULL)
    return KWS_NO_OUTPUT;
  reply_open(KWS_REPLY_OUTPUT);
  reply_number(output->model);
  reply_number(output->label);
  reply_number(output->classes);
  reply_hex32(output->input_crc);
  reply_close();
  reply_block(KWS_REPLY_LOGITS, 0, output->logits, output->classes);
  reply_block(KWS_REPLY_PROBABILITIES, 0, output->probabilities, output->classes * 2);
  return KWS_OK;
}

/* A part of `bytes` bytes of data that come from what has this checksum; words: offset, and how many. */
static kws_status_t send_part(const char *const *words, const char *start, uint32_t crc, const void *data,
                              uint32_t bytes) {
  uint32_t offset, count;
  if (words_number(words[0], 10, bytes, &offset) != KWS_OK ||
      words_number(words[1], 10, bytes - offset, &count) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  reply_open(KWS_REPLY_INPUT);
  reply_hex32(crc);
  reply_close();
  reply_block(start, offset, (const uint8_t *)data + offset, count);
  return KWS_OK;
}

static kws_status_t send_audio(void) {
  uint32_t crc;
  if (bench_audio(&crc) == NULL)
    return KWS_NO_AUDIO;
  reply_open(KWS_REPLY_AUDIO);
  reply_number(KWS_AUDIO_BYTES);
  reply_hex32(crc);
  reply_close();
  return KWS_OK;
}

kws_status_t answer_hello(const char *const *words) {
  (void)words;
  in_session = 1;
  done_sequence = 0;
  reply_open(KWS_REPLY_HELLO);
  reply_number(KWS_PROTOCOL_VERSION);
  reply_text(port_board());
  reply_number(kws_model_count);
  reply_close();
  send_clock();
  send_image();
  return KWS_OK;
}

kws_status_t answer_describe(const char *const *words) {
  uint32_t index;
  if (number(words[0], &index) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  if (index >= kws_model_count)
    return KWS_BAD_MODEL;
  reply_open(KWS_REPLY_MODEL);
  reply_number(index);
  reply_text(kws_models[index]->name);
  reply_text(kws_models[index]->tflite_sha256);
  reply_number(kws_models[index]->input_bytes);
  reply_number(kws_models[index]->classes);
  reply_close();
  return KWS_OK;
}

kws_status_t answer_model(const char *const *words) {
  uint32_t index;
  kws_status_t status = number(words[0], &index);
  if (status == KWS_OK)
    status = bench_select(index);
  if (status != KWS_OK)
    return status;
  reply_open(KWS_REPLY_SELECTED);
  reply_number(index);
  reply_text(kws_models[index]->tflite_sha256);
  reply_close();
  return KWS_OK;
}

kws_status_t answer_put(const char *const *words) {
  uint32_t offset, bytes, crc;
  if (number(words[0], &offset) != KWS_OK || number(words[1], &bytes) != KWS_OK || checksum(words[2], &crc) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  kws_status_t status = bench_receive(offset, bytes, crc);
  if (status != KWS_OK)
    return status;
  reply_open(KWS_REPLY_PUT);
  reply_number(offset);
  reply_number(bytes);
  reply_close();
  return KWS_OK;
}

kws_status_t answer_audio(const char *const *words) {
  uint32_t bytes, crc;
  if (number(words[0], &bytes) != KWS_OK || checksum(words[1], &crc) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  kws_status_t status = bench_take_audio(bytes, crc);
  return status == KWS_OK ? send_audio() : status;
}

kws_status_t answer_record(const char *const *words) {
  (void)words;
  kws_status_t status = once(bench_record);
  return status == KWS_OK ? send_audio() : status;
}

kws_status_t answer_samples(const char *const *words) {
  uint32_t crc;
  const int16_t *audio = bench_audio(&crc);
  return audio == NULL ? KWS_NO_AUDIO : send_part(words, KWS_REPLY_SAMPLES, crc, audio, KWS_AUDIO_BYTES);
}

kws_status_t answer_features(const char *const *words) {
  uint32_t crc;
  const int8_t *features = bench_features(&crc);
  return features == NULL ? KWS_NO_FEATURES : send_part(words, KWS_REPLY_FEATURES, crc, features, KWS_FEATURE_BYTES);
}

kws_status_t answer_run(const char *const *words) {
  (void)words;
  kws_status_t status = once(bench_run);
  return status == KWS_OK ? send_output() : status;
}

kws_status_t answer_classify(const char *const *words) {
  (void)words;
  kws_status_t status = once(bench_classify);
  return status == KWS_OK ? send_output() : status;
}

static kws_status_t answer_timed(kws_status_t (*step)(void), uint32_t first_phase) {
  kws_status_t status = once(step);
  if (status != KWS_OK)
    return status;
  send_cycles(first_phase);
  return send_output();
}

kws_status_t answer_time(const char *const *words) {
  (void)words;
  return answer_timed(bench_time, 0);
}

kws_status_t answer_time_model(const char *const *words) {
  (void)words;
  return answer_timed(bench_time_model, KWS_PHASE_INFERENCE);
}

static kws_status_t setting(const char *word, uint32_t least, uint32_t most, uint32_t *value) {
  return words_number(word, 10, most, value) == KWS_OK && *value >= least ? KWS_OK : KWS_BAD_ARGUMENT;
}

kws_status_t answer_listen(const char *const *words) {
  listen_settings_t settings;
  if (setting(words[0], 1, KWS_STRIDES_MAX, &settings.strides) != KWS_OK ||
      setting(words[1], 1, KWS_SMOOTHING_MAX, &settings.smoothing) != KWS_OK ||
      setting(words[2], 1, 1u << 15, &settings.threshold) != KWS_OK ||
      setting(words[3], 0, KWS_SUPPRESSION_MS_MAX, &settings.suppression_ms) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  return listen(&settings);
}

kws_status_t answer_stop(const char *const *words) {
  (void)words;
  reply_open(KWS_REPLY_STOPPED);
  reply_number(listen_totals()->ms);
  reply_number(listen_totals()->words);
  reply_number(listen_totals()->lost_samples);
  reply_close();
  return KWS_OK;
}

kws_status_t answer_output(const char *const *words) {
  (void)words;
  return send_output();
}

kws_status_t answer_reset(const char *const *words) {
  (void)words;
  port_reset();
}

KWS_COLD_END
