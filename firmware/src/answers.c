/* One function for each row of protocol.h's KWS_COMMANDS: checks the arguments, moves the bench, writes the reply. */
#include "answers.h"

#include <stddef.h>

#include "bench.h"
#include "optimize.h"
#include "port.h"
#include "reply.h"
#include "sha256.h"

KWS_COLD_BEGIN

/* A whole field of digits in base 10 or 16 as a number below 2^32. */
static kws_status_t parse_number(const char *text, uint32_t base, uint32_t *value) {
  uint64_t number = 0;
  if (*text == 0)
    return KWS_BAD_ARGUMENT;
  for (; *text != 0; text++) {
    uint32_t digit = *text >= '0' && *text <= '9'   ? (uint32_t)(*text - '0')
                     : *text >= 'a' && *text <= 'f' ? (uint32_t)(*text - 'a') + 10
                                                    : 16;
    number = number * base + digit;
    if (digit >= base || number > UINT32_MAX)
      return KWS_BAD_ARGUMENT;
  }
  *value = (uint32_t)number;
  return KWS_OK;
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

static void send_models(void) {
  reply_open(KWS_REPLY_MODELS);
  reply_number(kws_model_count);
  reply_close();
  for (uint32_t i = 0; i < kws_model_count; i++) {
    reply_open(KWS_REPLY_MODEL);
    reply_number(i);
    reply_text(kws_models[i]->name);
    reply_text(kws_models[i]->tflite_sha256);
    reply_number(kws_models[i]->input_bytes);
    reply_number(kws_models[i]->classes);
    reply_close();
  }
}

static void send_cycles(const uint32_t *cycles, uint32_t first_phase) {
  static const char *const names[KWS_PHASES] = {KWS_PHASE_NAMES};
  for (uint32_t phase = first_phase; phase < KWS_PHASES; phase++) {
    reply_open(KWS_REPLY_CYCLES);
    reply_text(names[phase]);
    reply_number(cycles[phase]);
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
  reply_close();
  reply_block(KWS_REPLY_LOGITS, output->logits, output->classes);
  reply_block(KWS_REPLY_PROBABILITIES, output->probabilities, output->classes * 2);
  return KWS_OK;
}

kws_status_t answer_hello(const char *const *arguments) {
  uint32_t count;
  kws_status_t status = parse_number(arguments[0], 10, &count);
  if (status != KWS_OK)
    return status;
  reply_open(KWS_REPLY_HELLO);
  reply_number(count);
  reply_number(KWS_PROTOCOL_VERSION);
  reply_text(port_board());
  reply_close();
  send_clock();
  send_image();
  send_models();
  return KWS_OK;
}

kws_status_t answer_model(const char *const *arguments) {
  uint32_t index;
  kws_status_t status = parse_number(arguments[0], 10, &index);
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

/* Two replies: that it is ready for the bytes, and what came of them. */
kws_status_t answer_audio(const char *const *arguments) {
  uint32_t bytes, crc;
  if (parse_number(arguments[0], 10, &bytes) != KWS_OK || parse_number(arguments[1], 16, &crc) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  if (bytes != KWS_AUDIO_BYTES)
    return KWS_BAD_SIZE;
  reply_open(KWS_REPLY_SEND);
  reply_number(bytes);
  reply_close();
  reply_end();
  kws_status_t status = bench_receive(crc);
  reply_begin();
  if (status != KWS_OK)
    return status;
  reply_open(KWS_REPLY_AUDIO);
  reply_number(bytes);
  reply_hex32(crc);
  reply_close();
  return KWS_OK;
}

kws_status_t answer_record(const char *const *arguments) {
  (void)arguments;
  kws_status_t status = bench_record();
  if (status == KWS_OK)
    reply_block(KWS_REPLY_SAMPLES, bench_audio(), KWS_AUDIO_BYTES);
  return status;
}

kws_status_t answer_run(const char *const *arguments) {
  (void)arguments;
  kws_status_t status = bench_run();
  return status == KWS_OK ? send_output() : status;
}

kws_status_t answer_classify(const char *const *arguments) {
  (void)arguments;
  kws_status_t status = bench_classify();
  return status == KWS_OK ? send_output() : status;
}

kws_status_t answer_time(const char *const *arguments) {
  (void)arguments;
  uint32_t cycles[KWS_PHASES];
  kws_status_t status = bench_time(cycles);
  if (status != KWS_OK)
    return status;
  send_cycles(cycles, 0);
  return send_output();
}

kws_status_t answer_time_model(const char *const *arguments) {
  (void)arguments;
  uint32_t cycles[KWS_PHASES];
  kws_status_t status = bench_time_model(cycles);
  if (status != KWS_OK)
    return status;
  send_cycles(cycles, KWS_PHASE_INFERENCE);
  return send_output();
}

kws_status_t answer_features(const char *const *arguments) {
  (void)arguments;
  const int8_t *features = bench_features();
  if (features == NULL)
    return KWS_NO_FEATURES;
  reply_block(KWS_REPLY_FEATURES, features, KWS_FEATURE_BYTES);
  return KWS_OK;
}

kws_status_t answer_output(const char *const *arguments) {
  (void)arguments;
  return send_output();
}

kws_status_t answer_reset(const char *const *arguments) {
  (void)arguments;
  port_reset();
}

KWS_COLD_END
