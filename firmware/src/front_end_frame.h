/* One frame, and what becomes of frames: the parts of front_end.c. */
#ifndef KWS_FRONT_END_FRAME_H
#define KWS_FRONT_END_FRAME_H

#include "front_end.h"

/* samples[480] -> values[40]: log2(energy + floor) with 8 fractional bits, 0 .. 12,287 (the power of 480 int16 samples
 * bounds it); with MFCC the coefficients with 6. */
void front_end_frame(const int16_t *samples, int16_t *values);

/* Cold: stream->values become stream->features, twice; sets level and mean. */
void front_end_normalize_all(front_end_t *stream);

/* Warm: one frame's values[40] become the columns `next` and `next` + 49; moves level and mean. */
void front_end_normalize_one(front_end_t *stream, const int16_t *values);

#endif
