/*
 * void kws_m4_dot4(const int8_t *input, const int8_t *weights, uint32_t row_bytes, uint32_t length, int32_t sums[4])
 *
 * sums[r] += sum of weights[r * row_bytes + i] * input[i], i < length; length is a multiple of 16 and not 0. Of every
 * four bytes SXTB16 takes the first and the third, and after a rotation the others; SMLAD multiplies two at once.
 */
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
.file "kernels_dot.S"
.syntax unified
.thumb
.section .text.kws_m4_dot4, "ax"
.balign 8
.global kws_m4_dot4
.type kws_m4_dot4, %function
.thumb_func

// Two rows: their words are in r11 and r12, the input's halves in r9 and r10.
.macro two_rows first, second
  sxtb16 lr, r11
  smlad \first, lr, r9, \first
  sxtb16 r11, r11, ror #8
  smlad \first, r11, r10, \first
  sxtb16 lr, r12
  smlad \second, lr, r9, \second
  sxtb16 r12, r12, ror #8
  smlad \second, r12, r10, \second
.endm

kws_m4_dot4:
  push {r4-r11, lr}
  ldr r12, [sp, #36]      // sums
  adds r3, r0, r3         // the input's end
  push {r3, r12}
  ldm r12, {r4-r7}
  adds r3, r1, r2         // rows begin at r1, r3, r2, r8
  add r8, r3, r2
  mov r11, r8
  add r8, r8, r2
  mov r2, r11
1:
.rept 4
  ldr r9, [r0], #4
  ldr r11, [r1], #4
  ldr r12, [r3], #4
  sxtb16 r10, r9, ror #8
  sxtb16 r9, r9
  two_rows r4, r5
  ldr r11, [r2], #4
  ldr r12, [r8], #4
  two_rows r6, r7
.endr
  ldr r9, [sp]
  cmp r0, r9
  bne.w 1b
  pop {r3, r12}
  stm r12, {r4-r7}
  pop {r4-r11, pc}
.size kws_m4_dot4, . - kws_m4_dot4
#endif
