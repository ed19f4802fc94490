/*
 * Arduino's core as far as the sketch needs it, on the emulated nRF52840: USB's serial port is the UART, which takes a
 * packet at every other try; a millisecond passes whenever somebody asks; then a block comes from the microphone, whose
 * samples count up from 0.
 */
#include "Arduino.h"
#include "PDM.h"

extern "C" {
#include "uart.h"
}

arduino::USBSerial SerialUSB;
PDMClass PDM;

static const int BLOCK_SAMPLES = 256;
static bool has_room, microphone_runs;
static unsigned long now_ms;
static int16_t heard, blocks_left;
static void (*on_receive)(void);

void arduino::USBSerial::begin(unsigned long) {}

bool arduino::USBSerial::connected() {
  return true;
}

int arduino::USBSerial::read(void) {
  uint8_t byte;
  uart_read(&byte, 1);
  return byte;
}

int arduino::USBSerial::peek(void) {
  return uart_peek();
}

void arduino::USBSerial::send_nb(uint8_t *buffer, uint32_t size, uint32_t *actual, bool) {
  has_room = !has_room;
  *actual = has_room ? size : 0;
  uart_write(buffer, *actual);
}

int PDMClass::begin(int channels, int sampleRate) {
  microphone_runs = channels == 1 && sampleRate == 16000;
  heard = 0;
  return microphone_runs;
}

void PDMClass::end() {
  microphone_runs = false;
}

int PDMClass::available() {
  return blocks_left * BLOCK_SAMPLES * 2;
}

int PDMClass::read(void *buffer, size_t size) {
  for (size_t i = 0; i < size / 2; i++)
    static_cast<int16_t *>(buffer)[i] = heard++;
  blocks_left = 0;
  return static_cast<int>(size);
}

void PDMClass::onReceive(void (*function)(void)) {
  on_receive = function;
}

void PDMClass::setGain(int) {}

void PDMClass::setBufferSize(int) {}

extern "C" {
unsigned long millis(void) {
  if (microphone_runs) {
    blocks_left = 1;
    on_receive();
  }
  return now_ms++;
}

unsigned long micros(void) {
  return 1000 * now_ms;
}

void yield(void) {}

void NVIC_SystemReset(void) {
  *(volatile uint32_t *)0xE000ED0CUL = 0x05FA0004UL;
}

/* Where start-up code goes in the end, as Arduino's main does. */
[[noreturn]] void sketch_main(void) {
  setup();
  for (;;)
    loop();
}
}
