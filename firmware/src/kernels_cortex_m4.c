/* CONV_2D over a frame: see kernels_cortex_m4.h. */
#include "kernels_cortex_m4.h"

#if KWS_CORTEX_M4
#include "kernels_dot.h"

/* int16 zeros from frame[at] to the end of a row, whose length is even. */
static void end_row(const kws_m4_frame_t *how, int16_t *frame, int32_t at) {
  if (at % 2 != 0)
    frame[at++] = 0;
  for (uint32_t *word = (uint32_t *)(void *)(frame + at), *end = (uint32_t *)(void *)(frame + how->pitch); word < end;)
    *word++ = 0;
}

/* The input without its zero point, int16, zeros around it where windows reach outside. */
static void write_frame(const kws_conv_2d_t *layer, const kws_m4_frame_t *how, const int8_t *restrict input,
                        int16_t *restrict frame) {
  const kws_window_t *w = &layer->window;
  const int32_t rows = (w->output_height - 1) * w->stride_height + w->kernel_height;
  const int32_t left = w->pad_left * w->input_channels, row_bytes = w->input_width * w->input_channels;
  const int16x2_t offset = kws_twice(layer->input_offset);
  const int32_t right = left + row_bytes < how->pitch ? left + row_bytes : how->pitch;
  for (int32_t row = 0; row < rows; row++, frame += how->pitch) {
    const int32_t from = row - w->pad_top;
    int32_t at = 0;
    if (from >= 0 && from < w->input_height) {
      const int8_t *source = input + from * row_bytes;
      for (; at < left; at++)
        frame[at] = 0;
      for (; at + 4 <= right; at += 4, source += 4) {
        const uint32_t four = kws_word_at(source);
        const uint32_t even = (uint32_t)__sadd16(__sxtb16((int8x4_t)four), offset);
        const uint32_t odd = (uint32_t)__sadd16(__sxtb16((int8x4_t)__ror(four, 8)), offset);
        frame[at] = (int16_t)even;
        frame[at + 1] = (int16_t)odd;
        frame[at + 2] = (int16_t)(even >> 16);
        frame[at + 3] = (int16_t)(odd >> 16);
      }
      for (; at < right; at++)
        frame[at] = (int16_t)(*source++ + layer->input_offset);
    }
    end_row(how, frame, at);
  }
}

/* Weights of `count` filters from `first` on, doubled: [row][word][filter][2]; the second of a last word may be none.
 */
static void widen(const kws_conv_2d_t *layer, const kws_m4_frame_t *how, uint32_t first, uint32_t count,
                  int16_t *wide) {
  const uint32_t taps = (uint32_t)layer->window.kernel_width * layer->window.input_channels;
  const uint32_t rows = layer->window.kernel_height;
  for (uint32_t filter = 0; filter < count; filter++) {
    const int8_t *weights = layer->weights + (first + filter) * rows * taps;
    int16_t *to = wide + 2 * filter;
    if (taps % 4 == 0) {
      for (uint32_t four = rows * taps / 4; four > 0; four--, weights += 4, to += 4 * count) {
        to[0] = (int16_t)(2 * weights[0]);
        to[1] = (int16_t)(2 * weights[1]);
        to[2 * count] = (int16_t)(2 * weights[2]);
        to[2 * count + 1] = (int16_t)(2 * weights[3]);
      }
      continue;
    }
    for (uint32_t row = 0; row < rows; row++)
      for (uint32_t tap = 0; tap < 2 * how->row_words; tap += 2, to += 2 * count) {
        to[0] = (int16_t)(2 * *weights++);
        to[1] = tap + 1 < taps ? (int16_t)(2 * *weights++) : 0;
      }
  }
}

/* Twice the bias, the multiplier, what is added before the shift (its rounding, and the zero point unless it is added
 * after ReLU), the shift. */
static void parameters_of(const kws_requantization_t *q, uint32_t channel, int32_t *parameters) {
  const int32_t shift = -q->shifts[channel];
  parameters[0] = 2 * q->bias[channel];
  parameters[1] = q->multipliers[channel];
  parameters[2] = (shift > 0 ? 1 << (shift - 1) : 0) + (q->activation_min > -128 ? 0 : q->output_offset * (1 << shift));
  parameters[3] = shift;
}

void kws_m4_conv_2d(const kws_conv_2d_t *layer, const kws_m4_frame_t *how, const int8_t *restrict input,
                    int16_t *restrict frame, int8_t *restrict output) {
  _Alignas(4) int16_t wide[2 * KWS_M4_TABLE_WORDS];
  int32_t parameters[KWS_M4_FILTERS * KWS_M4_PARAMETERS];
  const uint32_t channels = layer->window.output_channels;
  write_frame(layer, how, input, frame);
  for (uint32_t first = 0; first < channels; first += KWS_M4_FILTERS) {
    const uint32_t count = channels - first < KWS_M4_FILTERS ? 1 : KWS_M4_FILTERS;
    widen(layer, how, first, count, wide);
    for (uint32_t i = 0; i < count; i++)
      parameters_of(&layer->requantization, first + i, parameters + i * KWS_M4_PARAMETERS);
    (count == 1 ? how->single : how->pair)(frame, output + first, wide, parameters);
  }
}

#endif
