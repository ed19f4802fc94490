/* MAX_POOL_2D over windows. */
#include "kernels_requantize.h"
#include "kernels_window.h"

/* Largest of a channel; first is its first value in the window. */
static int8_t largest_of(const int8_t *first, uint32_t rows, uint32_t columns, uint32_t row_stride, uint32_t channels) {
  int8_t largest = INT8_MIN;
  for (uint32_t y = 0; y < rows; y++, first += row_stride)
    for (uint32_t x = 0; x < columns; x++)
      if (first[x * channels] > largest)
        largest = first[x * channels];
  return largest;
}

void kws_max_pool_2d(const kws_max_pool_2d_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const kws_window_t *w = &layer->window;
  const uint32_t channels = w->input_channels, row_stride = w->input_width * channels;
  for (uint32_t y = 0; y < w->output_height; y++) {
    const kws_span_t rows = kws_span_rows(w, y);
    for (uint32_t x = 0; x < w->output_width; x++) {
      const kws_span_t columns = kws_span_columns(w, x);
      const int8_t *first = input + (uint32_t)rows.first * row_stride + (uint32_t)columns.first * channels;
      for (uint32_t channel = 0; channel < channels; channel++) {
        const int8_t largest = largest_of(first + channel, (uint32_t)(rows.end - rows.begin),
                                          (uint32_t)(columns.end - columns.begin), row_stride, channels);
        *output++ = kws_clamp(largest, layer->activation_min, layer->activation_max);
      }
    }
  }
}
