/*
 * The DSP instructions that the kernels use, by their names in ACLE. GCC's arm_acle.h lacks __ror, and before GCC 10
 * all of them (Arduino's core for the Nano brings GCC 7), so for GCC they are written here.
 */
#ifndef KWS_KERNELS_DSP_H
#define KWS_KERNELS_DSP_H

#include <stdint.h>

#ifdef __clang__
#include <arm_acle.h>
#else
typedef int32_t int8x4_t, int16x2_t;

static inline __attribute__((always_inline)) uint32_t __ror(uint32_t word, uint32_t bits) {
  return word >> bits | word << (32 - bits); /* 0 < bits < 32 */
}

static inline __attribute__((always_inline)) int16x2_t __sxtb16(int8x4_t bytes) {
  int16x2_t halves;
  __asm("sxtb16 %0, %1" : "=r"(halves) : "r"(bytes));
  return halves;
}

static inline __attribute__((always_inline)) int16x2_t __sxtab16(int16x2_t halves, int8x4_t bytes) {
  int16x2_t sums;
  __asm("sxtab16 %0, %1, %2" : "=r"(sums) : "r"(halves), "r"(bytes));
  return sums;
}

static inline __attribute__((always_inline)) int16x2_t __sadd16(int16x2_t a, int16x2_t b) {
  int16x2_t sums;
  __asm("sadd16 %0, %1, %2" : "=r"(sums) : "r"(a), "r"(b));
  return sums;
}

static inline __attribute__((always_inline)) int32_t __smlad(int16x2_t a, int16x2_t b, int32_t sum) {
  int32_t total;
  __asm("smlad %0, %1, %2, %3" : "=r"(total) : "r"(a), "r"(b), "r"(sum));
  return total;
}
#endif

#endif
