/*
 * The microphone of a board as a stream of samples at 16 kHz, a part of what a port offers. It runs by itself between
 * microphone_start and microphone_stop, and keeps what came for whoever reads; what comes while there is no room is
 * lost, and counted. One reader, in the main loop.
 */
#ifndef KWS_MICROPHONE_H
#define KWS_MICROPHONE_H

#include <stdint.h>

/* The first quarter of a second, in which a microphone and its filters settle: of no use to a listener. */
enum { MICROPHONE_SETTLING_SAMPLES = 4000 };

/* Begins with nothing kept. Returns 1, or 0 where the board has no microphone or it does not start. */
int microphone_start(void);

/* Samples that have come and were not read yet. */
uint32_t microphone_available(void);

/* Moves at most `count` samples, the oldest first, to samples and returns how many; does not wait. */
uint32_t microphone_read(int16_t *samples, uint32_t count);

/* Samples that were lost since microphone_start, because nobody had read. */
uint32_t microphone_lost(void);

void microphone_stop(void);

#endif
