/*
 * What the firmware asks of a board. Each board is one folder behind this header: ports/nrf52840 (bare metal) and
 * ports/host (the same contract on stdin and stdout). microphone.h belongs to it. Nothing else in firmware/src knows
 * which chip it runs on.
 *
 * The serial link is half duplex by agreement: the host sends one command, or one announced upload, and then waits for
 * the line m-ready. A port need not receive while it sends or computes, beyond the first byte after m-ready.
 */
#ifndef KWS_PORT_H
#define KWS_PORT_H

#include <stdint.h>

/* Name of the board in the handshake: printable ASCII without spaces and brackets, at most 32 bytes. Never NULL. */
const char *port_board(void);

/* What one count of port_cycles is, one word: "core_cycles" or "nanoseconds". Never NULL. */
const char *port_cycle_unit(void);

/* Counts of port_cycles a second. Never 0. */
uint32_t port_clock_hz(void);

/* Waits until `bytes` bytes have come and writes all of them to destination (in RAM; bytes 0..65535, 0 does nothing).
 * Does not return when the link is gone for good (the host port then ends its process). */
void port_read(void *destination, uint32_t bytes);

/* The byte that port_read would give next, without taking it, or -1 where none has come yet; does not wait. */
int port_peek(void);

/* Sends `bytes` bytes and returns when they have left the buffer. source may lie in flash. */
void port_write(const void *source, uint32_t bytes);

/* Records `count` samples at 16 kHz from the board's microphone. Returns 1 when they are there, 0 where the board has
 * no microphone or this port no driver for it; samples are then untouched. */
int port_record(int16_t *samples, uint32_t count);

/* Switches the cycle counter on (from 0) or off. It runs during timed runs only: an emulated board counts exactly then,
 * which is fifty times slower than running. */
void port_count_start(void);
void port_count_stop(void);

/* Counts since port_count_start, modulo 2^32; undefined while the counter is off. */
uint32_t port_cycles(void);

/* Microseconds since the start of the board, by a clock that never goes back. */
uint64_t port_microseconds(void);

/* First byte of the image as it lies in this board's memory, and its length: what the handshake hashes. */
const uint8_t *port_image(uint32_t *bytes);

/* Starts the board again as after power-on. */
_Noreturn void port_reset(void);

#endif
