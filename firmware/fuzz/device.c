/* The whole firmware behind a port that reads from memory: what a fuzzer feeds, and what replays what it found.
 *
 * Each input is what a host sends to a board that has just started, to its end. The firmware's variables lie in a
 * section of their own (state.h) and are cleared before each, so that an input does the same whatever went before. */
#include "device.h"

#include <setjmp.h>
#include <string.h>

#include "firmware.h"
#include "microphone.h"
#include "port.h"

extern volatile uint64_t __start_kws_state[], __stop_kws_state[]; /* the linker's */

static const uint8_t *input;
static size_t input_bytes;
static jmp_buf input_ended;
static uint64_t now_us;
static uint32_t sent; /* a checksum of a kind: every byte that is sent is read */

/* By words and not by memset: between the variables lie what the address sanitizer keeps free. */
__attribute__((no_sanitize("address"))) static void clear_state(void) {
  for (volatile uint64_t *word = __start_kws_state; word < __stop_kws_state; word++)
    *word = 0;
}

void device_hear(const uint8_t *data, size_t bytes) {
  input = data;
  input_bytes = bytes;
  now_us = 0;
  clear_state();
  if (setjmp(input_ended) == 0)
    firmware_run();
}

const char *port_board(void) {
  return "memory";
}

const char *port_cycle_unit(void) {
  return "reads";
}

uint32_t port_clock_hz(void) {
  return 1000000;
}

void port_read(void *destination, uint32_t bytes) {
  if (bytes > input_bytes)
    longjmp(input_ended, 1);
  memcpy(destination, input, bytes);
  input += bytes;
  input_bytes -= bytes;
}

/* A listener hears something before it is called away. */
int port_peek(void) {
  if (input_bytes == 0)
    longjmp(input_ended, 1);
  return ++now_us % 64 == 0 ? *input : -1;
}

void port_write(const void *source, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i++)
    sent = sent * 31 + ((const uint8_t *)source)[i];
}

void port_count_start(void) {}

void port_count_stop(void) {}

uint32_t port_cycles(void) {
  return (uint32_t)++now_us;
}

uint64_t port_microseconds(void) {
  return ++now_us;
}

/* Every second recording fails. */
int port_record(int16_t *samples, uint32_t count) {
  if (++now_us % 2 == 0)
    return 0;
  for (uint32_t i = 0; i < count; i++)
    samples[i] = (int16_t)(i * 40503u);
  return 1;
}

int microphone_start(void) {
  return ++now_us % 4 != 0;
}

uint32_t microphone_available(void) {
  return UINT32_MAX;
}

uint32_t microphone_read(int16_t *samples, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    samples[i] = (int16_t)(++now_us * 40503u);
  return count;
}

uint32_t microphone_lost(void) {
  return (uint32_t)(now_us & 1024);
}

void microphone_stop(void) {}

const uint8_t *port_image(uint32_t *bytes) {
  static const uint8_t image[] = "image";
  *bytes = sizeof image;
  return image;
}

_Noreturn void port_reset(void) {
  longjmp(input_ended, 1);
}
