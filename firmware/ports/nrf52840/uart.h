/* UARTE0 on the Nano 33 BLE's TX (P1.03) and RX (P1.10) pins, by EasyDMA, without interrupts. */
#ifndef KWS_NRF52840_UART_H
#define KWS_NRF52840_UART_H

#include <stdint.h>

/* Configures pins and KWS_BAUD (protocol.h), 8 data bits, no parity, no flow control, and begins to receive. */
void uart_start(void);

/* The next byte, without taking it, or -1 where none has come. */
int uart_peek(void);

/* As port_read and port_write. */
void uart_read(void *destination, uint32_t bytes);
void uart_write(const void *source, uint32_t bytes);

#endif
