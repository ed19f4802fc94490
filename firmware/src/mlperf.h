/*
 * MLPerf Tiny's device commands (github.com/mlcommons/tiny), so that its runner can drive the board: one function for
 * each row of protocol.h's KWS_PLAIN_COMMANDS. Words that are not there are NULL. A command that refuses has changed
 * nothing.
 */
#ifndef KWS_MLPERF_H
#define KWS_MLPERF_H

#include "protocol.h"

#define MLPERF_DECLARATION(word, least, most) kws_status_t mlperf_##word(const char *const *words);
KWS_PLAIN_COMMANDS(MLPERF_DECLARATION)
#undef MLPERF_DECLARATION

#endif
