/* DEPTHWISE_CONV_2D: int8, NHWC, any stride and channel multiplier, SAME or VALID, dilation 1. */
#include "kernels_requantize.h"
#include "kernels_window.h"

/* The part of the input under one output position, and the weights that meet it; both at channel 0. */
typedef struct {
  const int8_t *input, *weights;
  uint32_t rows, columns;
} patch_t;

static patch_t patch_at(const kws_depthwise_conv_2d_t *layer, const int8_t *input, kws_span_t rows,
                        kws_span_t columns) {
  const kws_window_t *w = &layer->window;
  patch_t patch;
  patch.rows = (uint32_t)(rows.end - rows.begin);
  patch.columns = (uint32_t)(columns.end - columns.begin);
  patch.input = input + ((uint32_t)rows.first * w->input_width + (uint32_t)columns.first) * w->input_channels;
  patch.weights =
      layer->weights + ((uint32_t)rows.begin * w->kernel_width + (uint32_t)columns.begin) * w->output_channels;
  return patch;
}

/* Four channels that each have an input channel of their own (multiplier 1): neighbours in input and weights alike. */
static void four_channels(const kws_depthwise_conv_2d_t *layer, const patch_t *patch, uint32_t channel,
                          int8_t *output) {
  const kws_window_t *w = &layer->window;
  const int32_t offset = layer->input_offset;
  const uint32_t channels = w->input_channels;
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (uint32_t row = 0; row < patch->rows; row++) {
    const int8_t *input = patch->input + row * w->input_width * channels + channel;
    const int8_t *weights = patch->weights + row * w->kernel_width * channels + channel;
    for (uint32_t column = 0; column < patch->columns; column++, input += channels, weights += channels) {
      s0 += weights[0] * (input[0] + offset);
      s1 += weights[1] * (input[1] + offset);
      s2 += weights[2] * (input[2] + offset);
      s3 += weights[3] * (input[3] + offset);
    }
  }
  output[channel] = kws_requantize_twice(&layer->requantization, channel, s0);
  output[channel + 1] = kws_requantize_twice(&layer->requantization, channel + 1, s1);
  output[channel + 2] = kws_requantize_twice(&layer->requantization, channel + 2, s2);
  output[channel + 3] = kws_requantize_twice(&layer->requantization, channel + 3, s3);
}

static void one_channel(const kws_depthwise_conv_2d_t *layer, const patch_t *patch, uint32_t input_channel,
                        uint32_t channel, int8_t *output) {
  const kws_window_t *w = &layer->window;
  int32_t sum = 0;
  for (uint32_t row = 0; row < patch->rows; row++) {
    const int8_t *input = patch->input + row * w->input_width * w->input_channels + input_channel;
    const int8_t *weights = patch->weights + row * w->kernel_width * w->output_channels + channel;
    for (uint32_t column = 0; column < patch->columns; column++) {
      sum += *weights * (*input + layer->input_offset);
      input += w->input_channels;
      weights += w->output_channels;
    }
  }
  output[channel] = kws_requantize_twice(&layer->requantization, channel, sum);
}

void kws_depthwise_conv_2d(const kws_depthwise_conv_2d_t *layer, const int8_t *restrict input,
                           int8_t *restrict output) {
  const kws_window_t *w = &layer->window;
  const uint32_t multiplier = w->output_channels / w->input_channels;
  const uint32_t by_four = multiplier == 1 ? w->input_channels / 4 * 4 : 0;
  for (uint32_t y = 0; y < w->output_height; y++) {
    const kws_span_t rows = kws_span_rows(w, y);
    for (uint32_t x = 0; x < w->output_width; x++, output += w->output_channels) {
      const patch_t patch = patch_at(layer, input, rows, kws_span_columns(w, x));
      for (uint32_t channel = 0; channel < by_four; channel += 4)
        four_channels(layer, &patch, channel, output);
      for (uint32_t channel = by_four; channel < w->output_channels; channel++)
        one_channel(layer, &patch, channel / multiplier, channel, output);
    }
  }
}
