/*
 * What the commands do. Each function gets as many words as its row of protocol.h's KWS_COMMANDS says, and either
 * writes the lines of its reply and returns KWS_OK, or returns why it refuses, having changed nothing (bench.h names
 * the one exception: an upload that arrives damaged).
 */
#ifndef KWS_ANSWERS_H
#define KWS_ANSWERS_H

#include "protocol.h"

enum { ANSWER_ARGUMENTS_MAX = 2 };

#define ANSWER_DECLARATION(word, argument_count) kws_status_t answer_##word(const char *const *arguments);
KWS_COMMANDS(ANSWER_DECLARATION)
#undef ANSWER_DECLARATION

#endif
