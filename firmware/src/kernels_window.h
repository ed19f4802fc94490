/*
 * Where a sliding window overlaps its input: found once an output position, so that no inner loop tests bounds. What
 * lies outside is padding, real 0, and adds nothing. Private to the kernels.
 */
#ifndef KWS_KERNELS_WINDOW_H
#define KWS_KERNELS_WINDOW_H

#include "kernels.h"

/* Part of one axis of the window that lies inside the input: window indices begin..end-1, the first at input first. */
typedef struct {
  int32_t begin, end, first;
} kws_span_t;

static inline kws_span_t kws_span(int32_t output, int32_t stride, int32_t pad, int32_t kernel, int32_t input_length) {
  const int32_t start = output * stride - pad;
  kws_span_t span;
  span.begin = start < 0 ? -start : 0;
  span.end = input_length - start < kernel ? input_length - start : kernel;
  span.first = start + span.begin;
  return span;
}

static inline kws_span_t kws_span_rows(const kws_window_t *w, uint32_t y) {
  return kws_span((int32_t)y, w->stride_height, w->pad_top, w->kernel_height, w->input_height);
}

static inline kws_span_t kws_span_columns(const kws_window_t *w, uint32_t x) {
  return kws_span((int32_t)x, w->stride_width, w->pad_left, w->kernel_width, w->input_width);
}

#endif
