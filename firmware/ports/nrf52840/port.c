/* The board behind port.h: nRF52840, DWT's cycle counter at the core's 64 MHz. */
#include "port.h"

#include "optimize.h"
#include "registers.h"
#include "uart.h"

KWS_COLD_BEGIN

extern const uint8_t image_start[], image_end[]; /* application.ld */

const char *port_board(void) {
  return "nrf52840";
}

const char *port_cycle_unit(void) {
  return "core_cycles";
}

uint32_t port_clock_hz(void) {
  return 64000000;
}

void port_read(void *destination, uint32_t bytes) {
  uart_read(destination, bytes);
}

int port_peek(void) {
  return uart_peek();
}

void port_write(const void *source, uint32_t bytes) {
  uart_write(source, bytes);
}

void port_count_start(void) {
  DEMCR |= DEMCR_TRCENA;
  DWT_CYCCNT = 0;
  DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

void port_count_stop(void) {
  DWT_CTRL &= ~DWT_CTRL_CYCCNTENA;
}

/* noinline: every read of the counter costs the same, and stands at the start of a basic block. */
__attribute__((noinline)) uint32_t port_cycles(void) {
  return DWT_CYCCNT;
}

const uint8_t *port_image(uint32_t *bytes) {
  *bytes = (uint32_t)(image_end - image_start);
  return image_start;
}

_Noreturn void port_reset(void) {
  __asm volatile("dsb" ::: "memory");
  SCB_AIRCR = AIRCR_SYSRESETREQ;
  __asm volatile("dsb" ::: "memory");
  for (;;) {
  }
}

KWS_COLD_END
