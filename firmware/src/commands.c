/* Reads commands and finds the function that answers each; the table of them comes from protocol.h. */
#include "commands.h"

#include "answers.h"
#include "optimize.h"
#include "port.h"
#include "reply.h"

KWS_COLD_BEGIN

static char command[KWS_COMMAND_BYTES_MAX + 1];

typedef struct {
  const char *name;
  uint32_t arguments;
  kws_status_t (*answer)(const char *const *arguments);
} command_t;

#define COMMAND_ROW(word, argument_count) {#word, argument_count, answer_##word},
static const command_t commands[] = {KWS_COMMANDS(COMMAND_ROW)};

static int same(const char *a, const char *b) {
  while (*a != 0 && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

/* Reads up to the end mark. The part of a longer command that does not fit is read and dropped. */
static kws_status_t read_command(void) {
  uint32_t bytes = 0;
  kws_status_t status = KWS_OK;
  for (;;) {
    char c;
    port_read(&c, 1);
    if (c == KWS_COMMAND_END)
      break;
    if (c == '\r' || c == '\n' || c == 0)
      continue;
    if (bytes == KWS_COMMAND_BYTES_MAX)
      status = KWS_COMMAND_TOO_LONG;
    else
      command[bytes++] = c;
  }
  command[bytes] = 0;
  return status;
}

/* Cuts the command at its spaces, in place. Words beyond the arguments that any command takes are counted only. */
static uint32_t split_arguments(const char *arguments[ANSWER_ARGUMENTS_MAX]) {
  uint32_t count = 0;
  for (char *c = command; *c != 0; c++) {
    if (*c != ' ')
      continue;
    *c = 0;
    if (count < ANSWER_ARGUMENTS_MAX)
      arguments[count] = c + 1;
    count++;
  }
  return count;
}

static kws_status_t answer_command(void) {
  const char *arguments[ANSWER_ARGUMENTS_MAX];
  uint32_t count = split_arguments(arguments);
  for (uint32_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (same(command, commands[i].name))
      return count == commands[i].arguments ? commands[i].answer(arguments) : KWS_BAD_ARGUMENT;
  return KWS_UNKNOWN_COMMAND;
}

void commands_answer_one(void) {
  kws_status_t status = read_command();
  if (status == KWS_OK && command[0] == 0)
    return;
  reply_begin();
  if (status == KWS_OK)
    status = answer_command();
  if (status == KWS_OK)
    reply_end();
  else
    reply_error(status);
}

KWS_COLD_END
