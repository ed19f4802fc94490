/*
 * The Arduino Nano 33 BLE (Sense) behind port.h: USB's serial port, DWT's cycle counter at the core's 64 MHz, the
 * microphone. Never run on hardware yet.
 *
 * A host that does not read must not stop the board for ever: writing waits WRITE_PATIENCE_MS for room, then what is
 * left is dropped, and so is what follows, until the host says something again. Serial.write waits without end, and
 * Serial.flush may; neither is used.
 */
#include <Arduino.h>

#include "manifest.h"
#include "sample_ring.h"
#include "sketch.h"
extern "C" {
#include "protocol.h"
}

enum {
  WRITE_PATIENCE_MS = 1000,
  RECORD_PATIENCE_MS = 2000,
  PACKET_BYTES_MAX = 63, /* below USB's 64: a full packet would be held back until another one follows */
};

static const char manifest[] = KWS_MANIFEST;
static bool host_reads = true;

void sketch_start(void) {
  NRF_NVMC->ICACHECNF = 1; /* flash's instruction cache, as on bare metal */
  Serial.begin(KWS_BAUD);
}

const char *port_board(void) {
  return "nano33ble";
}

const char *port_cycle_unit(void) {
  return "core_cycles";
}

uint32_t port_clock_hz(void) {
  return 64000000;
}

/* Arduino's microseconds wrap after 71 minutes. */
uint64_t port_microseconds(void) {
  static uint32_t before;
  static uint64_t wrapped;
  uint32_t now = static_cast<uint32_t>(micros());
  if (now < before)
    wrapped += uint64_t{1} << 32;
  before = now;
  return wrapped + now;
}

void port_read(void *destination, uint32_t bytes) {
  uint8_t *next = static_cast<uint8_t *>(destination);
  while (bytes > 0) {
    int value = Serial.read();
    if (value < 0) {
      port_microseconds(); /* often enough to see every wrap */
      yield();
      continue;
    }
    host_reads = true;
    *next++ = static_cast<uint8_t>(value);
    bytes--;
  }
}

int port_peek(void) {
  port_microseconds();
  return Serial.peek();
}

void port_write(const void *source, uint32_t bytes) {
  static uint8_t packet[PACKET_BYTES_MAX];
  const uint8_t *next = static_cast<const uint8_t *>(source);
  uint32_t waiting_since_ms = millis();
  while (bytes > 0 && host_reads && Serial.connected()) {
    uint32_t part = bytes < sizeof packet ? bytes : sizeof packet, sent = 0;
    memcpy(packet, next, part);
    Serial.send_nb(packet, part, &sent);
    next += sent;
    bytes -= sent;
    if (sent > 0)
      waiting_since_ms = millis();
    else if (millis() - waiting_since_ms > WRITE_PATIENCE_MS)
      host_reads = false;
    else
      yield();
  }
}

static int samples_came(uint32_t count) {
  uint32_t started_ms = millis();
  while (microphone_available() < count)
    if (microphone_lost() > 0 || millis() - started_ms > RECORD_PATIENCE_MS)
      return 0;
  return 1;
}

/* The ring holds a whole recording, so that samples stays untouched by one that fails. */
int port_record(int16_t *samples, uint32_t count) {
  int16_t dropped;
  if (count > MICROPHONE_RING_SAMPLES || !microphone_start())
    return 0;
  int recorded = samples_came(MICROPHONE_SETTLING_SAMPLES);
  for (uint32_t i = 0; recorded && i < MICROPHONE_SETTLING_SAMPLES; i++)
    microphone_read(&dropped, 1);
  recorded = recorded && samples_came(count);
  microphone_stop();
  if (recorded)
    microphone_read(samples, count);
  return recorded;
}

void port_count_start(void) {
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->CYCCNT = 0;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

void port_count_stop(void) {
  DWT->CTRL &= ~DWT_CTRL_CYCCNTENA_Msk;
}

/* noinline: every read of the counter costs the same. Interrupts stay on: USB's and the system timer's are counted. */
__attribute__((noinline)) uint32_t port_cycles(void) {
  return DWT->CYCCNT;
}

const uint8_t *port_image(uint32_t *bytes) {
  *bytes = sizeof manifest - 1;
  return reinterpret_cast<const uint8_t *>(manifest);
}

[[noreturn]] void port_reset(void) {
  NVIC_SystemReset();
  for (;;) {
  }
}
