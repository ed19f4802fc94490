/* Convolutions as products, depthwise ones over planes: see kernels_cortex_m4_products.h. */
#include "kernels_cortex_m4_products.h"

#if KWS_CORTEX_M4
#include "kernels_dot.h"
#include "optimize.h"

/* The sides of an image, and how far apart the next place along each is in (y, x). */
typedef struct {
  uint32_t outer, inner;
  uint32_t by_columns;
} order_t;

static order_t order_of(const kws_window_t *w) {
  const uint32_t by_columns = w->output_height > w->output_width;
  const order_t rows = {w->output_height, w->output_width, 0}, columns = {w->output_width, w->output_height, 1};
  return by_columns ? columns : rows;
}

/* Bytes from the output's begin to each place. */
static void write_offsets(const kws_window_t *w, const kws_m4_planes_t *planes, uint16_t *offsets) {
  const order_t order = order_of(w);
  const uint32_t channels = w->output_channels;
  const uint32_t outer_step = planes != 0 ? 2u * planes->pitch : (order.by_columns ? 1u : order.inner) * channels;
  const uint32_t inner_step = planes != 0 ? 2u : (order.by_columns ? order.outer : 1u) * channels;
  uint32_t row = planes != 0 ? 2u : 0;
  for (uint32_t outer = 0; outer < order.outer; outer++, row += outer_step) {
    uint32_t at = row;
    KWS_UNROLL(4)
    for (uint32_t inner = 0; inner < order.inner; inner++, at += inner_step)
      *offsets++ = (uint16_t)at;
  }
}

/* Zeros before each row of each plane, and behind it where the next row's does not serve. */
static void write_borders(const kws_m4_planes_t *how, int16_t *planes) {
  const uint32_t pitch = how->pitch;
  int16_t *row = planes;
  if (how->width % 2u != 0) {
    KWS_UNROLL(4)
    for (uint32_t rows = (uint32_t)how->channels * how->height; rows > 0; rows--, row += pitch)
      row[0] = 0;
    return;
  }
  KWS_UNROLL(4)
  for (uint32_t rows = (uint32_t)how->channels * how->height; rows > 0; rows--, row += pitch) {
    row[0] = 0;
    row[pitch - 1u] = 0;
  }
}

/* The input among its padding, which holds the zero point. */
static const int8_t *pad(const kws_conv_2d_t *layer, const kws_m4_product_t *how, const int8_t *input, int8_t *padded) {
  const kws_window_t *w = &layer->window;
  const uint32_t row_bytes = (uint32_t)w->input_width * w->input_channels;
  const uint32_t pitch = (uint32_t)how->padded_width * w->input_channels;
  const uint32_t left = (uint32_t)w->pad_left * w->input_channels;
  __builtin_memset(padded, -layer->input_offset, how->padded_height * pitch);
  for (uint32_t y = 0; y < w->input_height && y + w->pad_top < how->padded_height; y++, input += row_bytes)
    __builtin_memcpy(padded + (y + w->pad_top) * pitch + left, input,
                     row_bytes < pitch - left ? row_bytes : pitch - left);
  return padded;
}

/* Four bytes widened, in the order 0, 2, 1, 3. */
static inline void widen_four(uint32_t four, int16x2_t offset, int16_t *to) {
  uint32_t *const words = (uint32_t *)(void *)to;
  words[0] = (uint32_t)__sadd16(__sxtb16((int8x4_t)four), offset);
  words[1] = (uint32_t)__sadd16(__sxtb16((int8x4_t)__ror(four, 8)), offset);
}

/* The window of one place, whose rows are runs of `run` bytes, `pitch` apart. */
static int16_t *gather_place(const int8_t *window, uint32_t rows, uint32_t run, uint32_t pitch, int16x2_t offset,
                             int16_t *to) {
  if (run == 4u) {
    KWS_UNROLL(4)
    for (; rows > 0; rows--, window += pitch, to += 4)
      widen_four(kws_word_at(window), offset, to);
    return to;
  }
  if (run % 4u == 0) {
    for (; rows > 0; rows--, window += pitch)
      for (uint32_t i = 0; i < run; i += 4, to += 4)
        widen_four(kws_word_at(window + i), offset, to);
    return to;
  }
  uint32_t four = 0, filled = 0;
  for (; rows > 0; rows--, window += pitch)
    for (uint32_t i = 0; i < run; i++) {
      four |= (uint32_t)(uint8_t)window[i] << 8u * filled++;
      if (filled == 4u) {
        widen_four(four, offset, to);
        to += 4;
        four = filled = 0;
      }
    }
  return to;
}

static void gather(const kws_conv_2d_t *layer, const kws_m4_product_t *how, const int8_t *input, int16_t *wide) {
  const kws_window_t *w = &layer->window;
  const order_t order = order_of(w);
  const uint32_t channels = w->input_channels;
  const uint32_t pitch = (how->padded_width != 0 ? how->padded_width : w->input_width) * channels;
  const uint32_t down = w->stride_height * pitch, right = w->stride_width * channels;
  const uint32_t outer_step = order.by_columns ? right : down, inner_step = order.by_columns ? down : right;
  const int16x2_t offset = kws_twice(layer->input_offset);
  for (uint32_t outer = 0; outer < order.outer; outer++, input += outer_step) {
    const int8_t *window = input;
    for (uint32_t inner = 0; inner < order.inner; inner++, window += inner_step)
      wide = gather_place(window, w->kernel_height, w->kernel_width * channels, pitch, offset, wide);
  }
}

/* Bytes from the first filter's output to that of `filter`. */
static uint32_t filter_bytes(const kws_m4_product_t *how, uint32_t filter) {
  return filter * (how->planes != 0 ? how->planes->plane_bytes : 1u);
}

/* `groups` of four filters from `first` on. */
static void run(const kws_conv_2d_t *layer, const kws_m4_product_t *how, kws_m4_product_call_t *call,
                const uint16_t *offsets, void *output, uint32_t first, uint32_t groups) {
  const kws_window_t *w = &layer->window;
  call->output = (int8_t *)output + filter_bytes(how, first);
  call->offsets = offsets;
  call->biases = layer->requantization.bias + first;
  call->multipliers = layer->requantization.multipliers + first;
  call->shifts = layer->requantization.shifts + first;
  call->groups = groups;
  call->weights = layer->weights + first * w->kernel_height * w->kernel_width * w->input_channels;
  how->run(call);
}

void kws_m4_product(const kws_conv_2d_t *layer, const kws_m4_product_t *how, const void *restrict input,
                    void *restrict scratch, void *restrict output) {
  const kws_window_t *w = &layer->window;
  const uint32_t places = (uint32_t)w->output_height * w->output_width, channels = w->output_channels;
  const uint32_t depth = (uint32_t)w->kernel_height * w->kernel_width * w->input_channels;
  uint16_t *const offsets = scratch;
  int8_t *rest = (int8_t *)(offsets + (places + 1u) / 2u * 2u);
  kws_m4_product_call_t call = {.places = input};
  write_offsets(w, how->planes, offsets);
  if (how->gathers) {
    const int8_t *from = input;
    if (how->padded_height != 0) {
      from = pad(layer, how, from, rest);
      rest += ((uint32_t)how->padded_height * how->padded_width * w->input_channels + 3u) / 4u * 4u;
    }
    gather(layer, how, from, (int16_t *)(void *)rest);
    call.places = (int16_t *)(void *)rest;
  }
  if (how->planes != 0)
    write_borders(how->planes, output);
  call.end = call.places + places / 2u * 2u * depth;
  run(layer, how, &call, offsets, output, 0, channels / KWS_M4_PRODUCT_FILTERS);
  if (channels % KWS_M4_PRODUCT_FILTERS != 0) /* the last four begin earlier: some are computed twice */
    run(layer, how, &call, offsets, output, channels - KWS_M4_PRODUCT_FILTERS, 1);
}

/* Two weights, doubled, as halves of a word. */
static inline uint32_t doubled(int32_t low, int32_t high) {
  return (uint32_t)(2 * low & 0xFFFF) | (uint32_t)high << 17;
}

void kws_m4_depthwise(const kws_depthwise_conv_2d_t *layer, const kws_m4_planes_t *how, const int16_t *restrict input,
                      int16_t *restrict output) {
  const kws_requantization_t *q = &layer->requantization;
  const uint32_t channels = how->channels;
  const uint32_t by_columns = order_of(&layer->window).by_columns;
  const uint32_t line = (by_columns ? 1u : 3u) * channels, next = (by_columns ? 3u : 1u) * channels;
  for (uint32_t channel = 0; channel < channels; channel++, input += how->plane_bytes / 2u) {
    const int8_t *weights = layer->weights + channel;
    uint32_t parameters[9];
    KWS_UNROLL(3)
    for (uint32_t i = 0; i < 6; i += 2, weights += line) {
      const int32_t left = weights[0], middle = weights[next], right = weights[2 * next];
      parameters[i] = doubled(left, middle);
      parameters[i + 1] = doubled(middle, right);
    }
    parameters[6] = (uint32_t)(2 * q->bias[channel]);
    parameters[7] = (uint32_t)q->multipliers[channel];
    parameters[8] = 1u << (32 + q->shifts[channel]);
    const uint32_t in_four = channel % 4u, slot = channel - in_four + (in_four % 2u) * 2u + in_four / 2u;
    how->run(input, output + slot, parameters);
  }
}

#endif
