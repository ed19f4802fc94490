/*
 * What the sketch uses of Arduino's core for the Nano 33 BLE (arduino:mbed_nano), declared: enough to compile against,
 * so that the sketch is checked without Arduino's toolchain. Names and types as in ArduinoCore-mbed. The two files
 * beside it define what is declared here, one for the emulated nRF52840 and one for tests on this machine.
 */
#ifndef KWS_TESTS_ARDUINO_H
#define KWS_TESTS_ARDUINO_H

#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <string.h>

unsigned long millis(void);
unsigned long micros(void);
void yield(void);
void setup(void);
void loop(void);
}

namespace arduino {
class USBSerial {
public:
  void begin(unsigned long baud);
  bool connected();
  int available(void);
  int read(void);
  int peek(void);
  void send_nb(uint8_t *buffer, uint32_t size, uint32_t *actual, bool now = true);
};
} // namespace arduino
extern arduino::USBSerial SerialUSB;
#define Serial SerialUSB

/* CMSIS and Nordic's headers, which Arduino.h brings along. */
typedef struct {
  volatile uint32_t CTRL, CYCCNT;
} DWT_Type;
typedef struct {
  volatile uint32_t DHCSR, DCRSR, DCRDR, DEMCR;
} CoreDebug_Type;
typedef struct {
  uint32_t before[0x540 / 4];
  volatile uint32_t ICACHECNF;
} NRF_NVMC_Type;
#define DWT ((DWT_Type *)0xE0001000UL)
#define CoreDebug ((CoreDebug_Type *)0xE000EDF0UL)
#define NRF_NVMC ((NRF_NVMC_Type *)0x4001E000UL)
#define DWT_CTRL_CYCCNTENA_Msk 1UL
#define CoreDebug_DEMCR_TRCENA_Msk (1UL << 24)
extern "C" void NVIC_SystemReset(void);

#endif
