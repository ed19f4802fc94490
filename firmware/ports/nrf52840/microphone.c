/* The PDM peripheral by EasyDMA, as a stream: two blocks in turn, one of which is filled while the other is read.
 * Product Specification v1.7, chapter PDM. Pins: those of the Nano 33 BLE Sense's microphone.
 *
 * No interrupt is used, so somebody has to look at least once a block, and how often nobody did is told by the clock.
 */
#include "microphone.h"

#include <string.h>

#include "optimize.h"
#include "port.h"
#include "registers.h"

KWS_COLD_BEGIN

enum {
  PIN_POWER = 17,
  PIN_DATA = 25,
  PIN_CLOCK = 26,
  HZ_1280000 = 0x0A000000, /* of the microphone's clock: 80 bits a sample */
  RATIO_80 = 1,
  MONO = 1,
  GAIN = 0x50, /* + 20 dB; 0x28 is 0, a step half a decibel */
  BLOCK_SAMPLES = 1600,
  BLOCK_US = 100000,
  POLLS_MAX = 10000 /* STARTED comes within a few microseconds, or never */
};

static int16_t blocks[2][BLOCK_SAMPLES];
static uint32_t filling; /* block that EasyDMA writes */
static uint32_t left;    /* samples of the other one that were not read yet */
static uint32_t lost;
static int64_t ended_us; /* when the last block ended, by the clock */

int microphone_start(void) {
  GPIO_P0_OUTSET = 1u << PIN_POWER;
  GPIO_P0_DIRSET = 1u << PIN_POWER | 1u << PIN_CLOCK;
  PDM_PSEL_CLK = PIN_CLOCK;
  PDM_PSEL_DIN = PIN_DATA;
  PDM_PDMCLKCTRL = HZ_1280000;
  PDM_RATIO = RATIO_80;
  PDM_MODE = MONO;
  PDM_GAINL = PDM_GAINR = GAIN;
  PDM_SAMPLE_PTR = (uint32_t)(uintptr_t)blocks[0];
  PDM_SAMPLE_MAXCNT = BLOCK_SAMPLES;
  PDM_STARTED = PDM_END = 0;
  PDM_ENABLE = 1;
  PDM_START = 1;
  filling = left = lost = 0;
  for (uint32_t polls = 0; PDM_STARTED == 0; polls++)
    if (polls == POLLS_MAX)
      return 0;
  ended_us = (int64_t)port_microseconds();
  PDM_SAMPLE_PTR = (uint32_t)(uintptr_t)blocks[1]; /* taken when the first block ends */
  return 1;
}

/* The block is full, EasyDMA goes on with the other one, and after that comes back to this. */
static void end_block(void) {
  const int64_t now_us = (int64_t)port_microseconds();
  PDM_END = 0;
  PDM_SAMPLE_PTR = (uint32_t)(uintptr_t)blocks[filling];
  filling ^= 1;
  lost += left;
  left = BLOCK_SAMPLES;
  for (ended_us += BLOCK_US; now_us - ended_us >= BLOCK_US; ended_us += BLOCK_US)
    lost += BLOCK_SAMPLES;         /* no division: of 64 bits it would be a kilobyte of code */
  __asm volatile("" ::: "memory"); /* what EasyDMA wrote is read only after this */
}

uint32_t microphone_available(void) {
  if (PDM_END != 0)
    end_block();
  return left;
}

uint32_t microphone_read(int16_t *samples, uint32_t count) {
  uint32_t there = left > 0 ? left : microphone_available();
  uint32_t given = there < count ? there : count;
  memcpy(samples, blocks[filling ^ 1] + BLOCK_SAMPLES - there, given * sizeof *samples);
  left -= given;
  return given;
}

uint32_t microphone_lost(void) {
  return lost;
}

void microphone_stop(void) {
  PDM_STOP = 1;
  PDM_ENABLE = 0;
  GPIO_P0_OUTCLR = 1u << PIN_POWER;
}

static void read_all(int16_t *samples, uint32_t count) {
  for (uint32_t part; count > 0; samples += part, count -= part)
    part = microphone_read(samples, count);
}

int port_record(int16_t *samples, uint32_t count) {
  if (!microphone_start())
    return 0;
  int16_t dropped;
  for (uint32_t i = 0; i < MICROPHONE_SETTLING_SAMPLES; i++)
    read_all(&dropped, 1);
  read_all(samples, count);
  microphone_stop();
  return 1;
}

KWS_COLD_END
