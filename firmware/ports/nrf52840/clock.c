/* TIMER0 counts microseconds in 32 bits, TIMER1 how often it has come round (every 71 minutes), by a PPI channel: so no
 * one has to look at the time now and then. */
#include "clock.h"

#include "optimize.h"
#include "port.h"
#include "registers.h"

KWS_COLD_BEGIN

enum { LOW, HIGH, COUNTER = 2, BITS_32 = 3, MICROSECONDS = 4 };

void clock_start(void) {
  CLOCK_HFCLKSTARTED = 0;
  CLOCK_HFCLKSTART = 1; /* the crystal: the baud rate and the 64 MHz are as good as it is */
  while (CLOCK_HFCLKSTARTED == 0) {
  }
  TIMER_BITMODE(LOW) = TIMER_BITMODE(HIGH) = BITS_32;
  TIMER_PRESCALER(LOW) = MICROSECONDS;
  TIMER_MODE(HIGH) = COUNTER;
  PPI_EEP0 = TIMER_COMPARE1(LOW); /* CC[1] is 0 after a reset */
  PPI_TEP0 = TIMER_COUNT(HIGH);
  PPI_CHENSET = 1;
  TIMER_START(HIGH) = 1;
  TIMER_START(LOW) = 1;
}

static uint32_t captured(uint32_t timer) {
  TIMER_CAPTURE0(timer) = 1;
  return TIMER_CC0(timer);
}

uint64_t port_microseconds(void) {
  uint32_t high, low;
  do {
    high = captured(HIGH);
    low = captured(LOW);
  } while (captured(HIGH) != high); /* it came round in between */
  return (uint64_t)high << 32 | low;
}

KWS_COLD_END
