/* The four functions of the C library that the firmware uses, and that a compiler may call; memory.c has them. */
#ifndef KWS_STRING_H
#define KWS_STRING_H

#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes);
void *memmove(void *destination, const void *source, size_t bytes);
void *memset(void *destination, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
