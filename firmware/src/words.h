/* Words of a command, and the numbers that they stand for. */
#ifndef KWS_WORDS_H
#define KWS_WORDS_H

#include <stdint.h>

#include "protocol.h"

/* As many words as any command takes, and NULL behind the last one. */
enum { WORDS_MAX = 4 };

/* Whether two texts are the same. */
int words_same(const char *a, const char *b);

/* Cuts text at its spaces, in place: what stands before the first one stays in text, the next WORDS_MAX words go to
 * `words`, NULL for those that are not there. Returns how many there are, also where they are more than WORDS_MAX. */
uint32_t words_split(char *text, const char *words[WORDS_MAX]);

/* A whole word of digits in base 10 or 16 (lower case) as a number up to most. KWS_BAD_ARGUMENT for everything else,
 * NULL included; value is then untouched. */
kws_status_t words_number(const char *word, uint32_t base, uint32_t most, uint32_t *value);

/* Value of a hex digit of either case, 16 of any other character. */
uint32_t words_digit(char c);

#endif
