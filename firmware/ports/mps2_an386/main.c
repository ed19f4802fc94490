/* The first model of the image on qemu's mps2-an386: one inference on an input made by a rule, its logits and its time
 * in ticks of SysTick as a line of hexadecimal digits on UART0. Not a board behind port.h: a second opinion on what the
 * emulated nRF52840 executes. UART0: Arm DDI 0479 (CMSDK), 4.3; SysTick: ARM DDI0403E, B3.3. */
#include <stdint.h>
#include <string.h>

#include "model.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART0_DATA REGISTER(0x40004000)
#define UART0_STATE REGISTER(0x40004004) /* bit 0: the one byte that it holds has not left */
#define UART0_CTRL REGISTER(0x40004008)
#define UART0_BAUDDIV REGISTER(0x40004010)
#define SYSTICK_CTRL REGISTER(0xE000E010) /* 5: counts the core's clock, down */
#define SYSTICK_LOAD REGISTER(0xE000E014)
#define SYSTICK_VALUE REGISTER(0xE000E018)
#define SCB_CPACR REGISTER(0xE000ED88)
enum { INPUT_BYTES_MAX = 4096, CLASSES_MAX = 64, TICKS = 0xFFFFFF };

extern uint8_t stack_top[], bss_start[], bss_end[]; /* image.ld */
_Noreturn void reset_handler(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[2] = {(uintptr_t)stack_top,
                                                                                (uintptr_t)reset_handler};
static int8_t input[INPUT_BYTES_MAX], logits[CLASSES_MAX];

static void put_byte(uint8_t value) {
  while (UART0_STATE & 1u) {
  }
  UART0_DATA = value;
}

static void put_hex(uint32_t value, int digits) {
  while (digits-- > 0)
    put_byte((uint8_t)"0123456789abcdef"[value >> (4 * digits) & 15]);
}

/* What tests/support_qemu.py computes as well. */
static void fill_input(uint32_t bytes) {
  uint32_t state = 1;
  for (uint32_t i = 0; i < bytes; i++) {
    state = state * 1103515245u + 12345u;
    input[i] = (int8_t)(state >> 24);
  }
}

static _Noreturn void leave(void) {
  __asm volatile("mov r0, #0x18\n" /* semihosting: SYS_EXIT, with ADP_Stopped_ApplicationExit */
                 "movw r1, #0x0026\n"
                 "movt r1, #0x0002\n"
                 "bkpt #0xab\n" ::
                     : "r0", "r1", "memory");
  for (;;) {
  }
}

_Noreturn void reset_handler(void) {
  SCB_CPACR |= 0xFu << 20;
  __asm volatile("dsb\n isb" ::: "memory");
  memset(bss_start, 0, (size_t)(bss_end - bss_start));
  UART0_BAUDDIV = 16;
  UART0_CTRL = 1;
  const kws_model_t *model = kws_models[0];
  fill_input(model->input_bytes);
  model->prepare();
  SYSTICK_LOAD = TICKS;
  SYSTICK_VALUE = 0;
  SYSTICK_CTRL = 5;
  uint32_t before = SYSTICK_VALUE;
  model->invoke(input, logits);
  uint32_t ticks = (before - SYSTICK_VALUE) & TICKS;
  for (int i = 0; i < model->classes; i++)
    put_hex((uint8_t)logits[i], 2);
  put_byte(' ');
  put_hex(ticks, 8);
  put_byte('\n');
  leave();
}
