/* The portable part from start to for ever: take the first model, say so, answer commands. */
#include "bench.h"
#include "commands.h"
#include "firmware.h"
#include "optimize.h"
#include "reply.h"

KWS_COLD_BEGIN

_Noreturn void firmware_run(void) {
  reply_started(bench_start());
  for (;;)
    commands_answer_one();
}

KWS_COLD_END
