/* From the vector table to firmware_run, and where a fault ends. The bootloader below 0x10000 (or an emulator) enters
 * here through the first two words of the image. */
#include <stdint.h>
#include <string.h>

#include "clock.h"
#include "firmware.h"
#include "optimize.h"
#include "registers.h"
#include "uart.h"

KWS_COLD_BEGIN

extern uint8_t data_load_start[], data_start[], data_end[], bss_start[], bss_end[], stack_top[]; /* application.ld */

typedef void (*vector_t)(void);
enum { VECTORS = 16 }; /* the core's own; no interrupt of the chip is ever enabled */

_Noreturn void reset_handler(void);
_Noreturn void fault_handler(void);
_Noreturn void fault_report(const uint32_t *frame);

__attribute__((section(".vectors"), used)) static const vector_t vectors[VECTORS] = {
    (vector_t)(uintptr_t)stack_top,
    reset_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    fault_handler,
};

/* Leaves nothing to what ran before: interrupts off, our vectors, the FPU, RAM, clock and cache. */
_Noreturn void reset_handler(void) {
  __asm volatile("cpsid i" ::: "memory");
  SCB_VTOR = (uint32_t)(uintptr_t)vectors;
  SCB_CPACR |= CPACR_FPU_FULL;
  __asm volatile("dsb\n isb" ::: "memory");
  memcpy(data_start, data_load_start, (size_t)(data_end - data_start));
  memset(bss_start, 0, (size_t)(bss_end - bss_start));
  NVMC_ICACHECNF = 1;
  clock_start();
  uart_start();
  firmware_run();
}

/* The stack may be what failed, so the handler takes a fresh one, and passes on where the core left its frame. */
__attribute__((naked)) void fault_handler(void) {
  __asm volatile("mrs r0, msp\n"
                 "ldr r1, =stack_top\n"
                 "mov sp, r1\n"
                 "b fault_report\n");
}

static void put_hex(char *text, uint32_t value) {
  for (int i = 0; i < 8; i++, value <<= 4)
    text[i] = "0123456789abcdef"[value >> 28];
}

/* frame: the eight words that exception entry pushed, the interrupted pc the seventh; of no use where it lies outside
 * RAM. The line has the form of every error line of kws/board/protocol.py. */
__attribute__((used)) _Noreturn void fault_report(const uint32_t *frame) {
  static char text[] = "e-[fault: pc 00000000 cfsr 00000000]\r\n";
  enum { PC_PLACE = 13, CFSR_PLACE = 27, FRAME_PC = 6, FRAME_WORDS = 8 };
  const uint8_t *place = (const uint8_t *)frame;
  if (place >= data_start && place <= stack_top - FRAME_WORDS * sizeof *frame)
    put_hex(text + PC_PLACE, frame[FRAME_PC]);
  put_hex(text + CFSR_PLACE, SCB_CFSR);
  uart_write(text, sizeof text - 1);
  for (;;) {
  }
}

KWS_COLD_END
