/* Cutting, comparing and reading words. */
#include "words.h"
#include "optimize.h"

#include <stddef.h>

KWS_COLD_BEGIN

int words_same(const char *a, const char *b) {
  while (*a != 0 && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

uint32_t words_split(char *text, const char *words[WORDS_MAX]) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < WORDS_MAX; i++)
    words[i] = NULL;
  for (char *c = text; *c != 0; c++) {
    if (*c != ' ')
      continue;
    *c = 0;
    if (count < WORDS_MAX)
      words[count] = c + 1;
    count++;
  }
  return count;
}

uint32_t words_digit(char c) {
  if (c >= '0' && c <= '9')
    return (uint32_t)(c - '0');
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : 16;
}

kws_status_t words_number(const char *word, uint32_t base, uint32_t most, uint32_t *value) {
  uint64_t number = 0;
  if (word == NULL || *word == 0)
    return KWS_BAD_ARGUMENT;
  for (; *word != 0; word++) {
    uint32_t digit = words_digit(*word);
    number = number * base + digit;
    if (digit >= base || number > most)
      return KWS_BAD_ARGUMENT;
  }
  *value = (uint32_t)number;
  return KWS_OK;
}

KWS_COLD_END
