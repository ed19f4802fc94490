/*
 * Arduino's core as far as port.cpp and microphone.cpp need it, for tests on this machine, which play the host and the
 * microphone through the functions with C's linkage below.
 */
#include "Arduino.h"
#include "PDM.h"

arduino::USBSerial SerialUSB;
PDMClass PDM;

static const uint8_t *incoming;
static uint32_t incoming_bytes, sent_bytes, largest_packet, room_bytes = ~0u;
static uint8_t sent[1 << 16];
static bool is_connected = true, runs;
static unsigned long now_ms, now_us;
static int16_t heard;
static int blocks_left = -1, waiting_samples; /* blocks before the microphone falls silent; -1: never */
static void (*on_receive)(void);

void arduino::USBSerial::begin(unsigned long) {}

bool arduino::USBSerial::connected() {
  return is_connected;
}

int arduino::USBSerial::read(void) {
  return incoming_bytes == 0 ? -1 : (incoming_bytes--, *incoming++);
}

int arduino::USBSerial::peek(void) {
  return incoming_bytes == 0 ? -1 : *incoming;
}

void arduino::USBSerial::send_nb(uint8_t *buffer, uint32_t size, uint32_t *actual, bool) {
  largest_packet = size > largest_packet ? size : largest_packet;
  *actual = size < room_bytes ? size : room_bytes;
  memcpy(sent + sent_bytes, buffer, *actual);
  sent_bytes += *actual;
  room_bytes -= *actual;
}

int PDMClass::begin(int, int) {
  heard = 0;
  runs = blocks_left != 0;
  return runs;
}

void PDMClass::end() {
  runs = false;
}

int PDMClass::available() {
  return waiting_samples * 2;
}

int PDMClass::read(void *buffer, size_t size) {
  for (size_t i = 0; i < size / 2; i++)
    static_cast<int16_t *>(buffer)[i] = heard++;
  waiting_samples -= static_cast<int>(size / 2);
  return static_cast<int>(size);
}

void PDMClass::onReceive(void (*function)(void)) {
  on_receive = function;
}

void PDMClass::setGain(int) {}

void PDMClass::setBufferSize(int) {}

extern "C" {
unsigned long millis(void) {
  if (runs && blocks_left != 0) {
    waiting_samples = 256;
    on_receive();
    blocks_left -= blocks_left > 0;
  }
  return now_ms++;
}

unsigned long micros(void) {
  return now_us;
}

void yield(void) {}

void NVIC_SystemReset(void) {}

void play_connection(int connected) {
  is_connected = connected;
}

void play_room(uint32_t bytes) {
  room_bytes = bytes;
}

void play_input(const uint8_t *bytes, uint32_t count) {
  incoming = bytes;
  incoming_bytes = count;
}

void play_microseconds(uint32_t us) {
  now_us = us;
}

void play_microphone(int blocks) {
  blocks_left = blocks;
}

uint32_t played_output(uint8_t *to) {
  uint32_t count = sent_bytes;
  memcpy(to, sent, count);
  sent_bytes = 0;
  return count;
}

uint32_t played_largest_packet(void) {
  return largest_packet;
}

unsigned long played_ms(void) {
  return now_ms;
}
}
