/* MLPerf Tiny's commands on the bench: its input tensor is the bench's features. */
#include "mlperf.h"

#include <stddef.h>

#include "bench.h"
#include "optimize.h"
#include "port.h"
#include "reply.h"
#include "words.h"

KWS_COLD_BEGIN

enum { BYTES_A_LINE = 8, WARM_UPS = 10 };

static void send_lap(uint64_t us) {
  reply_number_line(KWS_LINE_LAP, us, KWS_LINE_LAP_END);
}

static kws_status_t send_text(const char *start, const char *text, const char *end) {
  reply_open(start);
  reply_text(text);
  reply_close_with(end);
  return KWS_OK;
}

kws_status_t mlperf_name(const char *const *words) {
  (void)words;
  return send_text(KWS_LINE_NAME, port_board(), KWS_LINE_NAME_END);
}

kws_status_t mlperf_timestamp(const char *const *words) {
  (void)words;
  send_lap(port_microseconds());
  return KWS_OK;
}

kws_status_t mlperf_profile(const char *const *words) {
  (void)words;
  reply_line(KWS_LINE_PROFILE);
  reply_line(KWS_LINE_BENCHMARK);
  return KWS_OK;
}

kws_status_t mlperf_help(const char *const *words) {
  (void)words;
  return send_text(KWS_LINE_HELP, KWS_PLAIN_NAMES, KWS_LINE_HELP_END);
}

static kws_status_t load(const char *const *words) {
  uint32_t bytes;
  if (words_number(words[0], 10, UINT32_MAX, &bytes) != KWS_OK || words[1] != NULL)
    return KWS_BAD_ARGUMENT;
  kws_status_t status = bench_load(bytes);
  if (status == KWS_OK)
    reply_number_line(KWS_LINE_EXPECTING, bytes, KWS_LINE_EXPECTING_END);
  return status;
}

/* All digits are looked at before the first byte is taken; bytes beyond the announced ones are dropped. */
static kws_status_t fill(const char *digits) {
  uint32_t count = 0;
  for (; digits[count] != 0; count++)
    if (words_digit(digits[count]) > 15)
      return KWS_BAD_DIGITS;
  if (count % 2 != 0 || count == 0)
    return KWS_BAD_DIGITS;
  if (bench_load_rest() == 0)
    return KWS_NO_LOAD;
  for (; *digits != 0; digits += 2)
    if (bench_load_byte((int8_t)(words_digit(digits[0]) << 4 | words_digit(digits[1]))) == 0) {
      reply_line(KWS_LINE_LOAD_DONE);
      break;
    }
  return KWS_OK;
}

/* words: how many bytes, all where that is left out or more than there are, and from where on. */
static kws_status_t print(const char *const *words) {
  uint32_t bytes, count = UINT32_MAX, offset = 0;
  const int8_t *tensor = bench_loaded(&bytes);
  if (words[0] != NULL && words_number(words[0], 10, UINT32_MAX, &count) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  if (words[1] != NULL && words_number(words[1], 10, bytes, &offset) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  const uint32_t end = count < bytes - offset ? offset + count : bytes;
  while (offset < end) {
    reply_open(KWS_LINE_BUFFER);
    reply_separator('-');
    for (uint32_t i = 0; i < BYTES_A_LINE && offset < end; i++, offset++)
      reply_hex_bytes(tensor + offset, 1);
    reply_close_with(KWS_LINE_BUFFER_END);
  }
  return KWS_OK;
}

kws_status_t mlperf_db(const char *const *words) {
  if (words[0] == NULL)
    return KWS_BAD_ARGUMENT;
  if (words_same(words[0], "load"))
    return load(words + 1);
  if (words_same(words[0], "print"))
    return print(words + 1);
  return words[1] == NULL ? fill(words[0]) : KWS_BAD_ARGUMENT;
}

static void send_results(const bench_output_t *output) {
  reply_open(KWS_LINE_RESULTS);
  reply_separator(',');
  for (uint32_t k = 0; k < output->classes; k++)
    reply_q15(output->probabilities[k]);
  reply_close_with(KWS_LINE_RESULTS_END);
}

static kws_status_t infer(uint32_t count, uint32_t warm_ups) {
  reply_number_line(KWS_LINE_WARMUP_START, warm_ups, KWS_LINE_WARMUP_START_END);
  for (; warm_ups > 0; warm_ups--)
    bench_classify();
  reply_line(KWS_LINE_WARMUP_DONE);
  reply_number_line(KWS_LINE_INFER_START, count, KWS_LINE_INFER_START_END);
  port_count_start(); /* so that an emulated board's clock is the cycles that the inferences take */
  const uint64_t start_us = port_microseconds();
  for (; count > 0; count--)
    bench_classify();
  const uint64_t end_us = port_microseconds(); /* both are sent now: sending takes time */
  port_count_stop();
  send_lap(start_us);
  send_lap(end_us);
  reply_line(KWS_LINE_INFER_DONE);
  send_results(bench_output());
  return KWS_OK;
}

kws_status_t mlperf_infer(const char *const *words) {
  uint32_t count = 1, warm_ups = WARM_UPS, crc;
  if (words[0] != NULL && (words_number(words[0], 10, KWS_REPETITIONS_MAX, &count) != KWS_OK || count == 0))
    return KWS_BAD_ARGUMENT;
  if (words[1] != NULL && words_number(words[1], 10, KWS_REPETITIONS_MAX, &warm_ups) != KWS_OK)
    return KWS_BAD_ARGUMENT;
  return bench_features(&crc) == NULL ? KWS_NO_FEATURES : infer(count, warm_ups);
}

kws_status_t mlperf_results(const char *const *words) {
  (void)words;
  if (bench_output() == NULL)
    return KWS_NO_OUTPUT;
  send_results(bench_output());
  return KWS_OK;
}

KWS_COLD_END
