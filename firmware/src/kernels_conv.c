/* CONV_2D: int8, NHWC, any stride, SAME or VALID, dilation 1, one group. */
#include "kernels_dot.h"
#include "kernels_requantize.h"
#include "kernels_window.h"

/* The part of the input under one output position, and the weights of channel 0 that meet it. */
typedef struct {
  const int8_t *input, *weights;
  uint32_t rows, row_bytes, input_stride, weight_stride, channel_stride;
} patch_t;

static patch_t patch_at(const kws_conv_2d_t *layer, const int8_t *input, kws_span_t rows, kws_span_t columns) {
  const kws_window_t *w = &layer->window;
  const uint32_t channels = w->input_channels;
  patch_t patch;
  patch.input_stride = w->input_width * channels;
  patch.weight_stride = w->kernel_width * channels;
  patch.channel_stride = w->kernel_height * patch.weight_stride;
  patch.rows = (uint32_t)(rows.end - rows.begin);
  patch.row_bytes = (uint32_t)(columns.end - columns.begin) * channels;
  patch.input = input + (uint32_t)rows.first * patch.input_stride + (uint32_t)columns.first * channels;
  patch.weights = layer->weights + (uint32_t)rows.begin * patch.weight_stride + (uint32_t)columns.begin * channels;
  return patch;
}

/* `count` output channels of one position, from `channel` on. */
KWS_FOR_EACH_COUNT void some_channels(const uint32_t count, const kws_conv_2d_t *layer, const patch_t *patch,
                                      uint32_t channel, int8_t *output) {
  int32_t sums[KWS_DOT_ROWS] = {0, 0, 0, 0};
  const int8_t *input = patch->input, *weights = patch->weights + channel * patch->channel_stride;
  for (uint32_t row = 0; row < patch->rows; row++) {
    kws_dot(count, input, weights, patch->channel_stride, patch->row_bytes, layer->input_offset, sums);
    input += patch->input_stride;
    weights += patch->weight_stride;
  }
  for (uint32_t i = 0; i < count; i++)
    output[channel + i] = kws_requantize_twice(&layer->requantization, channel + i, sums[i]);
}

void kws_conv_2d(const kws_conv_2d_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const kws_window_t *w = &layer->window;
  for (uint32_t y = 0; y < w->output_height; y++) {
    const kws_span_t rows = kws_span_rows(w, y);
    for (uint32_t x = 0; x < w->output_width; x++) {
      const patch_t patch = patch_at(layer, input, rows, kws_span_columns(w, x));
      KWS_IN_GROUPS(channel, w->output_channels, some_channels, layer, &patch, channel, output)
      output += w->output_channels;
    }
  }
}
