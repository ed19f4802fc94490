/*
 * What our own, framed commands do. Each function gets as many words as its row of protocol.h's KWS_FRAMED_COMMANDS
 * says, and either writes the lines of its answer and returns KWS_OK, or returns why it refuses, having changed nothing
 * (bench.h names the exceptions: an upload that arrives damaged).
 *
 * A command may come again with the same sequence number, because its answer was lost: what computes or records is then
 * not done again, its answer is given once more.
 */
#ifndef KWS_ANSWERS_H
#define KWS_ANSWERS_H

#include "protocol.h"

#define ANSWER_DECLARATION(word, count) kws_status_t answer_##word(const char *const *words);
KWS_FRAMED_COMMANDS(ANSWER_DECLARATION)
#undef ANSWER_DECLARATION

/* Whether a host has said hello since the start. */
int answers_in_session(void);

#endif
