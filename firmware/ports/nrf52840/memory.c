/* memcpy, memmove, memset and memcmp as the C standard has them: by words where both ends are aligned alike.
 *
 * no_builtin: otherwise the compiler recognises each loop as the very function that it implements, and calls it. */
#include <stdint.h>
#include <string.h>

#define PLAIN __attribute__((no_builtin))

/* may_alias: a word may lie over memory of any type. */
typedef uint32_t __attribute__((may_alias)) word_t;

static int aligned(const void *a, const void *b) {
  return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word_t) - 1)) == 0;
}

PLAIN void *memcpy(void *restrict destination, const void *restrict source, size_t bytes) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  if (aligned(to, from))
    for (; bytes >= sizeof(word_t); bytes -= sizeof(word_t), to += sizeof(word_t), from += sizeof(word_t))
      *(word_t *)to = *(const word_t *)from;
  while (bytes-- > 0)
    *to++ = *from++;
  return destination;
}

PLAIN void *memmove(void *destination, const void *source, size_t bytes) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  if (to <= from || to >= from + bytes) {
    if (aligned(to, from))
      for (; bytes >= sizeof(word_t); bytes -= sizeof(word_t), to += sizeof(word_t), from += sizeof(word_t))
        *(word_t *)to = *(const word_t *)from;
    while (bytes-- > 0)
      *to++ = *from++;
  } else {
    while (bytes-- > 0)
      to[bytes] = from[bytes];
  }
  return destination;
}

PLAIN void *memset(void *destination, int value, size_t bytes) {
  uint8_t *to = destination;
  const word_t word = (uint8_t)value * 0x01010101u;
  if (aligned(to, to))
    for (; bytes >= sizeof(word_t); bytes -= sizeof(word_t), to += sizeof(word_t))
      *(word_t *)to = word;
  while (bytes-- > 0)
    *to++ = (uint8_t)value;
  return destination;
}

PLAIN int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *left = a, *right = b;
  for (; bytes > 0; bytes--, left++, right++)
    if (*left != *right)
      return *left - *right;
  return 0;
}
