/* A board without a board: the contract of port.h on stdin and stdout, for tests on a PC.
 *
 *   firmware [IMAGE [MICROPHONE]]    IMAGE: a file whose bytes stand for the image on flash (default: none, 0 bytes)
 *                                    MICROPHONE: a file of int16 samples, heard anew by each recording and each
 * listener, as fast as it asks; silence behind its end (default: none)
 *
 * Times are nanoseconds of the PC's monotonic clock, and say so. The process ends when stdin does. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, execv */
#include "port.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware.h"
#include "microphone.h"

enum { IMAGE_BYTES_MAX = 1 << 20 };

static uint8_t image[IMAGE_BYTES_MAX];
static uint32_t image_bytes;
static const char *microphone;
static FILE *heard;
static char **arguments;
static uint64_t boot_ns, started_ns, last_ns;

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *port_board(void) {
  return "host";
}

const char *port_cycle_unit(void) {
  return "nanoseconds";
}

uint32_t port_clock_hz(void) {
  return 1000000000;
}

static int waiting = -1; /* a byte that was looked at and not taken */

/* Some bytes, at least one. */
static uint32_t read_some(uint8_t *destination, uint32_t bytes) {
  ssize_t got = read(STDIN_FILENO, destination, bytes);
  if (got <= 0)
    exit(0);
  return (uint32_t)got;
}

void port_read(void *destination, uint32_t bytes) {
  uint8_t *next = destination;
  if (bytes > 0 && waiting >= 0) {
    *next++ = (uint8_t)waiting;
    bytes--;
    waiting = -1;
  }
  while (bytes > 0) {
    uint32_t got = read_some(next, bytes);
    next += got;
    bytes -= got;
  }
}

int port_peek(void) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  uint8_t byte;
  if (waiting < 0 && poll(&input, 1, 0) > 0 && read_some(&byte, 1) > 0)
    waiting = byte;
  return waiting;
}

void port_write(const void *source, uint32_t bytes) {
  const uint8_t *next = source;
  while (bytes > 0) {
    ssize_t sent = write(STDOUT_FILENO, next, bytes);
    if (sent <= 0)
      exit(0);
    next += sent;
    bytes -= (uint32_t)sent;
  }
}

void port_count_start(void) {
  started_ns = now_ns();
}

void port_count_stop(void) {}

/* Never the same twice, however coarse the PC's clock is: nothing takes no time. */
uint32_t port_cycles(void) {
  uint64_t now = now_ns();
  last_ns = now > last_ns ? now : last_ns + 1;
  return (uint32_t)(last_ns - started_ns);
}

uint64_t port_microseconds(void) {
  return (now_ns() - boot_ns) / 1000;
}

int port_record(int16_t *samples, uint32_t count) {
  FILE *file = microphone == NULL ? NULL : fopen(microphone, "rb");
  if (file == NULL)
    return 0;
  int enough = fseek(file, 0, SEEK_END) == 0 && ftell(file) >= (long)(count * sizeof *samples);
  rewind(file);
  int recorded = enough && fread(samples, sizeof *samples, count, file) == count;
  fclose(file);
  return recorded;
}

int microphone_start(void) {
  heard = microphone == NULL ? NULL : fopen(microphone, "rb");
  return heard != NULL;
}

uint32_t microphone_available(void) {
  return UINT32_MAX;
}

uint32_t microphone_read(int16_t *samples, uint32_t count) {
  size_t got = fread(samples, sizeof *samples, count, heard);
  memset(samples + got, 0, (count - got) * sizeof *samples);
  return count;
}

uint32_t microphone_lost(void) {
  return 0;
}

void microphone_stop(void) {
  fclose(heard);
}

const uint8_t *port_image(uint32_t *bytes) {
  *bytes = image_bytes;
  return image;
}

_Noreturn void port_reset(void) {
  execv(arguments[0], arguments);
  exit(1);
}

static void read_image(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  image_bytes = (uint32_t)fread(image, 1, sizeof image, file);
  fclose(file);
}

int main(int count, char **words) {
  arguments = words;
  boot_ns = now_ns();
  if (count > 1)
    read_image(words[1]);
  if (count > 2)
    microphone = words[2];
  firmware_run();
}
