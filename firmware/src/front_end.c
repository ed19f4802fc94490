/* See front_end.h. */
#include "front_end.h"

#include "front_end_frame.h"

void front_end_start(front_end_t *stream, const int16_t *samples) {
  for (int frame = 0; frame < KWS_FRAMES; frame++)
    front_end_frame(samples + frame * KWS_STRIDE_SAMPLES, stream->values[frame]);
  front_end_sum(stream);
  stream->next = 0;
}

void front_end_push(front_end_t *stream, const int16_t *samples) {
  int16_t values[KWS_BANDS];
  front_end_frame(samples, values);
  front_end_replace(stream, values);
}
