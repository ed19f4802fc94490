/* One frame, and what becomes of frames: the parts of front_end.c. */
#ifndef KWS_FRONT_END_FRAME_H
#define KWS_FRONT_END_FRAME_H

#include "front_end.h"

/* samples[480] -> values[40]: log2(energy + floor) with 8 fractional bits, 0 .. 12,287 (the power of 480 int16 samples
 * bounds it); with MFCC the coefficients with 6. */
void front_end_frame(const int16_t *samples, int16_t *values);

/* The sums of the ring as it is. */
void front_end_sum(front_end_t *stream);

/* values[40] take the oldest frame's place; the sums follow. */
void front_end_replace(front_end_t *stream, const int16_t *values);

#endif
