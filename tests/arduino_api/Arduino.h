/*
 * What the sketch uses of Arduino's core for the Nano 33 BLE (arduino:mbed_nano), declared and not defined: enough to
 * compile against, so that the sketch is checked without Arduino's toolchain. Names and types as in ArduinoCore-mbed.
 */
#ifndef KWS_TESTS_ARDUINO_H
#define KWS_TESTS_ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern "C" {
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
  volatile uint32_t ICACHECNF;
} NRF_NVMC_Type;
extern DWT_Type kws_dwt;
extern CoreDebug_Type kws_core_debug;
extern NRF_NVMC_Type kws_nvmc;
#define DWT (&kws_dwt)
#define CoreDebug (&kws_core_debug)
#define NRF_NVMC (&kws_nvmc)
#define DWT_CTRL_CYCCNTENA_Msk 1UL
#define CoreDebug_DEMCR_TRCENA_Msk (1UL << 24)
void NVIC_SystemReset(void);

#endif
