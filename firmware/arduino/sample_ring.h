/*
 * A ring of samples between an interrupt that writes and a loop that reads, without locks: each side moves its own
 * counter, which counts for ever (modulo 2^32), after it has moved the samples. MICROPHONE_RING_SAMPLES is a power of
 * two.
 */
#ifndef KWS_SAMPLE_RING_H
#define KWS_SAMPLE_RING_H

#include <stdint.h>

enum { MICROPHONE_RING_SAMPLES = 16384 }; /* a second and a little; a power of two */

typedef struct {
  int16_t samples[MICROPHONE_RING_SAMPLES];
  volatile uint32_t written, read; /* counters */
  volatile uint32_t lost;
} sample_ring_t;

static inline void ring_clear(sample_ring_t *ring) {
  ring->written = ring->read = ring->lost = 0;
}

static inline uint32_t ring_filled(const sample_ring_t *ring) {
  return ring->written - ring->read;
}

/* The interrupt's side: what has no room is lost. */
static inline void ring_write(sample_ring_t *ring, const int16_t *samples, uint32_t count) {
  uint32_t room = MICROPHONE_RING_SAMPLES - ring_filled(ring);
  uint32_t taken = count < room ? count : room;
  uint32_t at = ring->written;
  for (uint32_t i = 0; i < taken; i++)
    ring->samples[(at + i) % MICROPHONE_RING_SAMPLES] = samples[i];
  __asm volatile("" ::: "memory"); /* the samples before the counter */
  ring->written = at + taken;
  ring->lost = ring->lost + (count - taken);
}

/* The loop's side: at most count samples, the oldest first; returns how many. */
static inline uint32_t ring_read(sample_ring_t *ring, int16_t *samples, uint32_t count) {
  uint32_t filled = ring_filled(ring);
  uint32_t given = count < filled ? count : filled;
  uint32_t at = ring->read;
  __asm volatile("" ::: "memory"); /* the counter before the samples */
  for (uint32_t i = 0; i < given; i++)
    samples[i] = ring->samples[(at + i) % MICROPHONE_RING_SAMPLES];
  __asm volatile("" ::: "memory"); /* the samples before the counter */
  ring->read = at + given;
  return given;
}

#endif
