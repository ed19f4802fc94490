/* The chip's clocks: the crystal, and microseconds since the start in 64 bits. */
#ifndef KWS_NRF52840_CLOCK_H
#define KWS_NRF52840_CLOCK_H

/* Starts the crystal, waits until it runs, and starts what port_microseconds reads. */
void clock_start(void);

#endif
