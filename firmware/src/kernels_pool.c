/* AVERAGE_POOL_2D over windows, and MEAN over height and width. */
#include "kernels_requantize.h"
#include "kernels_window.h"

/* Sum of one channel over the part of the window inside the input. */
static int32_t window_sum(const kws_window_t *w, const int8_t *channel_input, kws_span_t rows, kws_span_t columns) {
  const uint32_t row_stride = (uint32_t)w->input_width * w->input_channels;
  const int8_t *row = channel_input + (uint32_t)rows.first * row_stride + (uint32_t)columns.first * w->input_channels;
  int32_t sum = 0;
  for (int32_t y = rows.begin; y < rows.end; y++, row += row_stride) {
    const int8_t *value = row;
    for (int32_t x = columns.begin; x < columns.end; x++, value += w->input_channels)
      sum += *value;
  }
  return sum;
}

void kws_average_pool_2d(const kws_average_pool_2d_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const kws_window_t *w = &layer->window;
  for (uint32_t y = 0; y < w->output_height; y++) {
    const kws_span_t rows = kws_span_rows(w, y);
    for (uint32_t x = 0; x < w->output_width; x++) {
      const kws_span_t columns = kws_span_columns(w, x);
      const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
      for (uint32_t channel = 0; channel < w->input_channels; channel++) {
        const int32_t sum = window_sum(w, input + channel, rows, columns);
        const int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
        *output++ = kws_clamp(mean, layer->activation_min, layer->activation_max);
      }
    }
  }
}

void kws_mean(const kws_mean_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  for (uint32_t channel = 0; channel < layer->channels; channel++) {
    int32_t sum = layer->input_sum_offset;
    for (uint32_t position = 0; position < layer->positions; position++)
      sum += input[position * layer->channels + channel];
    const int32_t mean = kws_round_twice(sum, layer->multiplier, layer->shift) + layer->output_offset;
    output[channel] = kws_clamp(mean, INT8_MIN, INT8_MAX);
  }
}
