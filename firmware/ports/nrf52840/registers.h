/* The few registers that the firmware touches. nRF52840: Product Specification v1.7 (chapters CLOCK, NVMC, PPI,
 * TIMER, UARTE, GPIO); core: ARM DDI0403E (ARMv7-M), B3.2 and C1.8. */
#ifndef KWS_NRF52840_REGISTERS_H
#define KWS_NRF52840_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define CLOCK_HFCLKSTART REGISTER(0x40000000)
#define CLOCK_HFCLKSTARTED REGISTER(0x40000100)

#define NVMC_ICACHECNF REGISTER(0x4001E540) /* 1: flash's instruction cache on */

/* TIMER0 and TIMER1 of the five. */
#define TIMER_BASE(n) (0x40008000u + 0x1000u * (n))
#define TIMER_START(n) REGISTER(TIMER_BASE(n))
#define TIMER_COUNT(n) (TIMER_BASE(n) + 0x008u)             /* address of a task */
#define TIMER_CAPTURE0(n) REGISTER(TIMER_BASE(n) + 0x040u)  /* the counter's value to CC[0] */
#define TIMER_COMPARE1(n) (TIMER_BASE(n) + 0x144u)          /* address of an event: the counter has reached CC[1] */
#define TIMER_MODE(n) REGISTER(TIMER_BASE(n) + 0x504u)      /* 0: timer, 2: counter */
#define TIMER_BITMODE(n) REGISTER(TIMER_BASE(n) + 0x508u)   /* 3: 32 bits */
#define TIMER_PRESCALER(n) REGISTER(TIMER_BASE(n) + 0x510u) /* 16 MHz / 2^PRESCALER; 4 after a reset */
#define TIMER_CC0(n) REGISTER(TIMER_BASE(n) + 0x540u)
#define PPI_CHENSET REGISTER(0x4001F504) /* channels: an event triggers a task without the core */
#define PPI_EEP0 REGISTER(0x4001F510)
#define PPI_TEP0 REGISTER(0x4001F514)

#define UARTE0_STARTRX REGISTER(0x40002000)
#define UARTE0_STARTTX REGISTER(0x40002008)
#define UARTE0_ENDRX REGISTER(0x40002110)
#define UARTE0_ENDTX REGISTER(0x40002120)
#define UARTE0_ENABLE REGISTER(0x40002500) /* 8: UART with EasyDMA */
#define UARTE0_PSEL_RTS REGISTER(0x40002508)
#define UARTE0_PSEL_TXD REGISTER(0x4000250C)
#define UARTE0_PSEL_CTS REGISTER(0x40002510)
#define UARTE0_PSEL_RXD REGISTER(0x40002514)
#define UARTE0_BAUDRATE REGISTER(0x40002524)
#define UARTE0_RXD_PTR REGISTER(0x40002534)
#define UARTE0_RXD_MAXCNT REGISTER(0x40002538)
#define UARTE0_TXD_PTR REGISTER(0x40002544)
#define UARTE0_TXD_MAXCNT REGISTER(0x40002548)
#define UARTE0_CONFIG REGISTER(0x4000256C) /* 0: no parity, one stop bit, no flow control */
#define PSEL_DISCONNECTED 0xFFFFFFFFu

#define GPIO_P1_OUTSET REGISTER(0x50000808)
#define GPIO_P1_DIRSET REGISTER(0x50000818)

#define SCB_VTOR REGISTER(0xE000ED08)
#define SCB_AIRCR REGISTER(0xE000ED0C)
#define SCB_CFSR REGISTER(0xE000ED28) /* which fault, when there was one */
#define AIRCR_SYSRESETREQ 0x05FA0004u /* with the key that the register asks for */
#define SCB_CPACR REGISTER(0xE000ED88)
#define CPACR_FPU_FULL (0xFu << 20)

#define DEMCR REGISTER(0xE000EDFC)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000)
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT REGISTER(0xE0001004)

#endif
