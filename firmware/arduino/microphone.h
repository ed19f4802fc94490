/*
 * The microphone of a board as a stream of samples at 16 kHz. It runs by itself between microphone_start and
 * microphone_stop and keeps MICROPHONE_RING_SAMPLES samples for whoever reads; what comes while that is full is lost,
 * and counted. One reader, in the main loop.
 */
#ifndef KWS_MICROPHONE_H
#define KWS_MICROPHONE_H

#include <stdint.h>

enum { MICROPHONE_RING_SAMPLES = 16384 }; /* a second and a little; a power of two */

/* Begins with an empty ring. Returns 1, or 0 where the board has no microphone or it does not start. */
int microphone_start(void);

/* Samples that have come and were not read yet. */
uint32_t microphone_available(void);

/* Moves at most `count` samples, the oldest first, to samples and returns how many; does not wait. */
uint32_t microphone_read(int16_t *samples, uint32_t count);

/* Samples that were lost since microphone_start, because nobody had read. */
uint32_t microphone_lost(void);

void microphone_stop(void);

#endif
