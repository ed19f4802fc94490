/* See listen.h. */
#include "listen.h"

#include <stddef.h>
#include <string.h>

#include "bench.h"
#include "front_end.h"
#include "microphone.h"
#include "optimize.h"
#include "port.h"
#include "reply.h"

KWS_COLD_BEGIN

enum { KEPT_SAMPLES = KWS_WINDOW_SAMPLES - KWS_STRIDE_SAMPLES, SAMPLES_A_MS = KWS_SAMPLE_RATE_HZ / 1000, NONE = ~0u };

/* Both lie where the clip was, once the stream has started from it. */
static int16_t *window;                      /* the newest KWS_WINDOW_SAMPLES */
static uint16_t (*history)[KWS_CLASSES_MAX]; /* probabilities of the last KWS_SMOOTHING_MAX decisions */
static uint32_t sums[KWS_CLASSES_MAX];       /* of them, a class */
static uint32_t decisions, samples_taken, strides_since_level;
static uint32_t last_word, last_word_ms; /* last_word: NONE once its mean has been below the threshold */
static int peak;
static listen_totals_t totals;

/* Whether the host has begun a command. */
static int host_calls(void) {
  for (;;) {
    int next = port_peek();
    if (next != KWS_COMMAND_END && next != '\r' && next != '\n' && next != 0)
      return next >= 0;
    char nothing;
    port_read(&nothing, 1);
  }
}

/* Waits for the next samples. Returns 0 when the host calls before all have come. */
static int take(int16_t *samples, uint32_t count) {
  while (count > 0) {
    if (host_calls())
      return 0;
    uint32_t part = microphone_read(samples, count);
    for (uint32_t i = 0; i < part; i++) {
      int size = samples[i] < 0 ? -samples[i] : samples[i];
      peak = size > peak ? size : peak;
    }
    samples += part;
    samples_taken += part;
    count -= part;
  }
  totals.lost_samples = microphone_lost();
  totals.ms = (samples_taken + totals.lost_samples) / SAMPLES_A_MS;
  return 1;
}

/* Until a stream begins; its room holds more than what settling takes. */
static int take_first(int16_t *room) {
  int settled = take(room, MICROPHONE_SETTLING_SAMPLES);
  peak = 0;
  if (!settled || !take(room, KWS_START_SAMPLES))
    return 0;
  bench_stream_start();
  window = room;
  memmove(window, room + KWS_START_SAMPLES - KWS_WINDOW_SAMPLES, KWS_WINDOW_SAMPLES * sizeof *window);
  history = (uint16_t (*)[KWS_CLASSES_MAX])(void *)(room + KWS_WINDOW_SAMPLES);
  memset(history, 0, KWS_SMOOTHING_MAX * sizeof *history);
  return 1;
}

static int take_strides(uint32_t strides) {
  for (; strides > 0; strides--) {
    memmove(window, window + KWS_STRIDE_SAMPLES, KEPT_SAMPLES * sizeof window[0]);
    if (!take(window + KEPT_SAMPLES, KWS_STRIDE_SAMPLES))
      return 0;
    bench_stream_push(window);
    strides_since_level++;
  }
  return 1;
}

/* Averages once more, and returns the class with the largest mean, the first of equals. */
static uint32_t smooth(const bench_output_t *output, uint32_t smoothing) {
  uint16_t *oldest = history[decisions++ % smoothing];
  uint32_t best = 0;
  for (uint32_t k = 0; k < output->classes; k++) {
    sums[k] += (uint32_t)output->probabilities[k] - oldest[k];
    oldest[k] = output->probabilities[k];
    if (sums[k] > sums[best])
      best = k;
  }
  return best;
}

static void report_word(uint32_t word, uint32_t score) {
  last_word = word;
  last_word_ms = totals.ms;
  reply_open(KWS_REPLY_HEARD);
  reply_number(++totals.words);
  reply_number(totals.ms);
  reply_number(word);
  reply_number(score);
  reply_close();
  reply_end_part();
}

static void report_level(void) {
  strides_since_level = 0;
  reply_open(KWS_REPLY_LEVEL);
  reply_number(totals.ms);
  reply_number((uint32_t)peak);
  reply_number(totals.lost_samples);
  reply_number(totals.words);
  reply_close();
  reply_end_part();
  peak = 0;
}

static void decide(const listen_settings_t *settings) {
  uint32_t needed = settings->threshold * settings->smoothing;
  uint32_t best = smooth(bench_stream_classify(), settings->smoothing);
  if (last_word != NONE && sums[last_word] < needed)
    last_word = NONE;
  int waits = totals.words > 0 && totals.ms - last_word_ms < settings->suppression_ms;
  if (best >= KWS_OTHER_CLASSES && best != last_word && decisions >= settings->smoothing && sums[best] >= needed &&
      !waits)
    report_word(best, sums[best] / settings->smoothing);
  if (strides_since_level >= KWS_LEVEL_STRIDES)
    report_level();
}

static void begin(const listen_settings_t *settings) {
  memset(sums, 0, sizeof sums);
  memset(&totals, 0, sizeof totals);
  decisions = samples_taken = strides_since_level = 0;
  last_word = NONE;
  reply_open(KWS_REPLY_LISTENING);
  reply_number(settings->strides);
  reply_number(settings->smoothing);
  reply_number(settings->threshold);
  reply_number(settings->suppression_ms);
  reply_close();
  reply_end_part();
}

kws_status_t listen(const listen_settings_t *settings) {
  int16_t *room = bench_stream_room();
  if (room == NULL)
    return KWS_BAD_MODEL;
  if (!microphone_start())
    return KWS_NO_MICROPHONE;
  begin(settings);
  if (take_first(room))
    do
      decide(settings);
    while (take_strides(settings->strides));
  microphone_stop();
  return KWS_OK;
}

const listen_totals_t *listen_totals(void) {
  return &totals;
}

KWS_COLD_END
