/* UARTE0 by EasyDMA. EasyDMA reads and writes RAM only, so what is sent passes through a buffer here. */
#include "uart.h"

#include <string.h>

#include "optimize.h"
#include "protocol.h"
#include "registers.h"

KWS_COLD_BEGIN

enum { PORT_1 = 1 << 5, PIN_TX = PORT_1 | 3, PIN_RX = PORT_1 | 10, TRANSMIT_BYTES = 256 };

/* Product Specification, UARTE, register BAUDRATE. */
#if KWS_BAUD == 9600
#define BAUDRATE 0x00275000
#elif KWS_BAUD == 57600
#define BAUDRATE 0x00EB0000
#elif KWS_BAUD == 115200
#define BAUDRATE 0x01D60000
#elif KWS_BAUD == 230400
#define BAUDRATE 0x03B00000
#elif KWS_BAUD == 460800
#define BAUDRATE 0x07400000
#elif KWS_BAUD == 921600
#define BAUDRATE 0x0F000000
#elif KWS_BAUD == 1000000
#define BAUDRATE 0x10000000
#else
#error "flash.baud: UARTE0 has no such rate"
#endif

static uint8_t first_byte; /* a reception of one byte is always under way, so the byte after m-ready is never lost */
static uint8_t transmit[TRANSMIT_BYTES];

static void start_reception(uint8_t *destination, uint32_t bytes) {
  UARTE0_ENDRX = 0;
  UARTE0_RXD_PTR = (uint32_t)(uintptr_t)destination;
  UARTE0_RXD_MAXCNT = bytes;
  UARTE0_STARTRX = 1;
}

static void finish_reception(void) {
  while (UARTE0_ENDRX == 0) {
  }
  __asm volatile("" ::: "memory"); /* what EasyDMA wrote is read only after this */
}

void uart_start(void) {
  GPIO_P1_OUTSET = 1u << 3; /* an idle line is high, also before UARTE0 takes the pin */
  GPIO_P1_DIRSET = 1u << 3;
  UARTE0_PSEL_TXD = PIN_TX;
  UARTE0_PSEL_RXD = PIN_RX;
  UARTE0_PSEL_RTS = PSEL_DISCONNECTED;
  UARTE0_PSEL_CTS = PSEL_DISCONNECTED;
  UARTE0_CONFIG = 0;
  UARTE0_BAUDRATE = BAUDRATE;
  UARTE0_ENABLE = 8;
  start_reception(&first_byte, 1);
}

void uart_read(void *destination, uint32_t bytes) {
  uint8_t *next = destination;
  if (bytes == 0)
    return;
  finish_reception();
  *next++ = first_byte;
  if (bytes > 1) {
    start_reception(next, bytes - 1);
    finish_reception();
  }
  start_reception(&first_byte, 1);
}

int uart_peek(void) {
  if (UARTE0_ENDRX == 0)
    return -1;
  finish_reception();
  return first_byte;
}

void uart_write(const void *source, uint32_t bytes) {
  const uint8_t *next = source;
  while (bytes > 0) {
    uint32_t part = bytes < sizeof transmit ? bytes : sizeof transmit;
    memcpy(transmit, next, part);
    UARTE0_ENDTX = 0;
    UARTE0_TXD_PTR = (uint32_t)(uintptr_t)transmit;
    UARTE0_TXD_MAXCNT = part;
    __asm volatile("" ::: "memory"); /* transmit is written before EasyDMA reads it */
    UARTE0_STARTTX = 1;
    while (UARTE0_ENDTX == 0) {
    }
    next += part;
    bytes -= part;
  }
}

KWS_COLD_END
