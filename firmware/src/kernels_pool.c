/* AVERAGE_POOL_2D over windows, and MEAN over height and width. */
#include "kernels_dot.h"
#include "kernels_requantize.h"
#include "kernels_window.h"
#include "optimize.h"

/* The part of an image that is summed: its first value, and how it goes on. */
typedef struct {
  const int8_t *first;
  uint32_t rows, columns;
  uint32_t row_stride, channels; /* bytes from row to row, and from place to place */
} patch_t;

static int32_t channel_sum(const patch_t *patch, uint32_t channel) {
  const int8_t *row = patch->first + channel;
  int32_t sum = 0;
  for (uint32_t y = 0; y < patch->rows; y++, row += patch->row_stride) {
    const int8_t *value = row;
    for (uint32_t x = 0; x < patch->columns; x++, value += patch->channels)
      sum += *value;
  }
  return sum;
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
enum { HALF_PLACES_MAX = 256 }; /* -128 * 256 is the lowest int16 */

/* Four channels side by side in halves of words, which are emptied before they can overflow. */
static void four_sums(const patch_t *patch, uint32_t channel, int32_t sums[4]) {
  const int whole = patch->columns * patch->channels == patch->row_stride; /* rows follow each other */
  const uint32_t columns = whole ? patch->rows * patch->columns : patch->columns, step = patch->channels;
  const int8_t *row = patch->first + channel;
  for (uint32_t y = whole ? 1 : patch->rows; y > 0; y--, row += patch->row_stride) {
    const int8_t *value = row;
    for (uint32_t left = columns; left > 0;) {
      const uint32_t count = left < HALF_PLACES_MAX ? left : HALF_PLACES_MAX;
      int16x2_t even = 0, odd = 0;
      left -= count;
      KWS_UNROLL(4)
      for (uint32_t x = count; x > 0; x--, value += step) {
        const uint32_t four = kws_word_at(value);
        even = __sxtab16(even, (int8x4_t)four);
        odd = __sxtab16(odd, (int8x4_t)__ror(four, 8));
      }
      sums[0] += (int16_t)even;
      sums[1] += (int16_t)odd;
      sums[2] += (int32_t)even >> 16;
      sums[3] += (int32_t)odd >> 16;
    }
  }
}
#endif

/* sums[i] += sum over the patch of channel + i, i < count <= 4. */
static void add_sums(const patch_t *patch, uint32_t channel, uint32_t count, int32_t *sums) {
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
  if (count == 4) {
    four_sums(patch, channel, sums);
    return;
  }
#endif
  for (uint32_t i = 0; i < count; i++)
    sums[i] += channel_sum(patch, channel + i);
}

/* Half away from zero. */
static int32_t rounded_mean(int32_t sum, int32_t places) {
  return (sum > 0 ? sum + places / 2 : sum - places / 2) / places;
}

void kws_average_pool_2d(const kws_average_pool_2d_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const kws_window_t *w = &layer->window;
  for (uint32_t y = 0; y < w->output_height; y++) {
    const kws_span_t rows = kws_span_rows(w, y);
    for (uint32_t x = 0; x < w->output_width; x++) {
      const kws_span_t columns = kws_span_columns(w, x);
      const int32_t places = (rows.end - rows.begin) * (columns.end - columns.begin);
      const uint32_t row_stride = (uint32_t)w->input_width * w->input_channels;
      const int8_t *first = input + (uint32_t)rows.first * row_stride + (uint32_t)columns.first * w->input_channels;
      const patch_t patch = {first, (uint32_t)(rows.end - rows.begin), (uint32_t)(columns.end - columns.begin),
                             row_stride, w->input_channels};
      for (uint32_t channel = 0; channel < w->input_channels; channel += 4) {
        const uint32_t left = w->input_channels - channel, count = left < 4 ? left : 4;
        int32_t sums[4] = {0};
        add_sums(&patch, channel, count, sums);
        for (uint32_t i = 0; i < count; i++)
          *output++ = kws_clamp(rounded_mean(sums[i], places), layer->activation_min, layer->activation_max);
      }
    }
  }
}

void kws_mean(const kws_mean_t *layer, const int8_t *restrict input, int8_t *restrict output) {
  const patch_t patch = {input, 1, layer->positions, 0, layer->channels};
  for (uint32_t channel = 0; channel < layer->channels; channel += 4) {
    const uint32_t left = layer->channels - channel, count = left < 4 ? left : 4;
    int32_t sums[4] = {layer->input_sum_offset, layer->input_sum_offset, layer->input_sum_offset,
                       layer->input_sum_offset};
    add_sums(&patch, channel, count, sums);
    for (uint32_t i = 0; i < count; i++) {
      const int32_t mean = kws_round_twice(sums[i], layer->multiplier, layer->shift) + layer->output_offset;
      output[channel + i] = kws_clamp(mean, INT8_MIN, INT8_MAX);
    }
  }
}
