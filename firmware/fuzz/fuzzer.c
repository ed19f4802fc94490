/* libFuzzer's two entries. A fuzzer does not guess checksums, so most mutants get right ones: the inputs themselves
 * stay what a host sends. */
#include <stdio.h>
#include <string.h>

#include "crc32.h"
#include "device.h"

enum { CRC_DIGITS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most); /* libFuzzer's */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  device_hear(data, bytes);
  return 0;
}

static void write_crc(uint8_t *digits, uint32_t crc) {
  char text[CRC_DIGITS + 1];
  snprintf(text, sizeof text, "%08x", crc);
  memcpy(digits, text, CRC_DIGITS);
}

static uint8_t *last_space(uint8_t *start, uint8_t *end) {
  while (end > start && end[-1] != ' ')
    end--;
  return end > start ? end - 1 : NULL;
}

/* In `SEQUENCE put OFFSET BYTES CRC32`, the checksum of as many of the bytes behind the frame. */
static void seal_payload(uint8_t *frame, uint8_t *crc_at, const uint8_t *payload, size_t left) {
  char text[64];
  unsigned sequence, offset, bytes;
  int place = 0;
  const size_t length = (size_t)(crc_at - frame);
  if (length >= sizeof text || length < CRC_DIGITS)
    return;
  memcpy(text, frame, length);
  text[length] = 0;
  if (sscanf(text, "%u put %u %u %n", &sequence, &offset, &bytes, &place) == 3 && bytes <= left &&
      length - (size_t)place == CRC_DIGITS)
    write_crc(frame + place, crc32_update(0, payload, bytes));
}

static void seal_frames(uint8_t *data, size_t bytes) {
  uint8_t *end = data + bytes;
  for (uint8_t *frame = data; (frame = memchr(frame, '#', (size_t)(end - frame))) != NULL;) {
    frame++;
    uint8_t *mark = memchr(frame, '%', (size_t)(end - frame));
    if (mark == NULL)
      return;
    uint8_t *crc_at = last_space(frame, mark);
    if (crc_at == NULL || mark - crc_at != CRC_DIGITS + 1)
      continue;
    seal_payload(frame, crc_at, mark + 1, (size_t)(end - mark - 1));
    write_crc(crc_at + 1, crc32_update(0, frame, (uint32_t)(crc_at - frame)));
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed) {
  bytes = LLVMFuzzerMutate(data, bytes, most);
  if (seed % 8 != 0)
    seal_frames(data, bytes);
  return bytes;
}
