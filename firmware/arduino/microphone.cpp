/* The Nano 33 BLE Sense's PDM microphone behind microphone.h, by Arduino's PDM library. Never run on hardware yet. */
#include <Arduino.h>
#include <PDM.h>

extern "C" {
#include "microphone.h"
}
#include "sample_ring.h"

enum { CHANNELS = 1, RATE_HZ = 16000, BLOCK_SAMPLES = 256, GAIN = 30 /* of 0..80; the library's own is 20 */ };

static sample_ring_t ring;
static int16_t block[BLOCK_SAMPLES];

/* Called in the interrupt that ends a block of the library's: it stops for good unless all of a block is taken. */
static void take_block(void) {
  int bytes = PDM.available();
  while (bytes > 0) {
    int part = bytes < (int)sizeof block ? bytes : (int)sizeof block;
    int read = PDM.read(block, (size_t)part);
    if (read <= 0)
      return;
    ring_write(&ring, block, (uint32_t)read / sizeof block[0]);
    bytes -= read;
  }
}

int microphone_start(void) {
  ring_clear(&ring);
  PDM.onReceive(take_block);
  PDM.setBufferSize(sizeof block);
  PDM.setGain(GAIN);
  return PDM.begin(CHANNELS, RATE_HZ) ? 1 : 0;
}

uint32_t microphone_available(void) {
  return ring_filled(&ring);
}

uint32_t microphone_read(int16_t *samples, uint32_t count) {
  return ring_read(&ring, samples, count);
}

uint32_t microphone_lost(void) {
  return ring.lost;
}

void microphone_stop(void) {
  PDM.end();
}
