/* Reads commands, plain and framed, and finds the function that answers each; the tables come from protocol.h. */
#include "commands.h"

#include <stddef.h>

#include "answers.h"
#include "crc32.h"
#include "mlperf.h"
#include "optimize.h"
#include "port.h"
#include "reply.h"
#include "words.h"

KWS_COLD_BEGIN

static char command[KWS_COMMAND_BYTES_MAX + 1];

typedef struct {
  const char *name;
  uint8_t words_min, words_max;
  kws_status_t (*answer)(const char *const *words);
} command_t;

#define FRAMED_ROW(word, count) {#word, count, count, answer_##word},
#define PLAIN_ROW(word, least, most) {#word, least, most, mlperf_##word},
#define FRAMED_COUNT(word, count) +1
enum { FRAMED_COMMANDS = 0 KWS_FRAMED_COMMANDS(FRAMED_COUNT) };
static const command_t commands[] = {KWS_FRAMED_COMMANDS(FRAMED_ROW) KWS_PLAIN_COMMANDS(PLAIN_ROW)};

/* Reads up to the end mark, from the last beginning of a frame on. What does not fit is read and dropped. */
static kws_status_t read_command(int *framed) {
  uint32_t bytes = 0;
  kws_status_t status = KWS_OK;
  *framed = 0;
  for (;;) {
    char c;
    port_read(&c, 1);
    if (c == KWS_COMMAND_END)
      break;
    if (c == KWS_FRAME_OPEN) {
      *framed = 1;
      bytes = 0;
      status = KWS_OK;
    } else if (c == '\r' || c == '\n' || c == 0) {
      continue;
    } else if (bytes == KWS_COMMAND_BYTES_MAX) {
      status = KWS_COMMAND_TOO_LONG;
    } else {
      command[bytes++] = c;
    }
  }
  command[bytes] = 0;
  return status;
}

/* Takes `SEQUENCE COMMAND CRC32` apart; *text is then the command. */
static kws_status_t open_frame(char **text, uint32_t *sequence) {
  char *crc_at = NULL, *command_at = NULL;
  uint32_t crc;
  for (char *c = command; *c != 0; c++)
    if (*c == ' ') {
      command_at = command_at == NULL ? c : command_at;
      crc_at = c;
    }
  if (crc_at == command_at || words_number(crc_at + 1, 16, UINT32_MAX, &crc) != KWS_OK ||
      crc32_update(0, command, (uint32_t)(crc_at - command)) != crc)
    return KWS_DAMAGED;
  *crc_at = *command_at = 0;
  *text = command_at + 1;
  return words_number(command, 10, UINT32_MAX, sequence) == KWS_OK ? KWS_OK : KWS_DAMAGED;
}

static kws_status_t answer_command(char *text, int framed) {
  const char *words[WORDS_MAX];
  uint32_t count = words_split(text, words);
  const command_t *row = framed ? commands : commands + FRAMED_COMMANDS;
  const command_t *end = framed ? commands + FRAMED_COMMANDS : commands + sizeof commands / sizeof commands[0];
  for (; row < end; row++) {
    if (!words_same(text, row->name))
      continue;
    if (framed && !answers_in_session() && row->answer != answer_hello)
      return KWS_NO_SESSION;
    return count < row->words_min || count > row->words_max ? KWS_BAD_ARGUMENT : row->answer(words);
  }
  return KWS_UNKNOWN_COMMAND;
}

void commands_answer_one(void) {
  int framed;
  uint32_t sequence = 0;
  char *text = command;
  kws_status_t status = read_command(&framed);
  if (status == KWS_OK && !framed && command[0] == 0)
    return;
  if (framed) {
    status = status == KWS_OK ? open_frame(&text, &sequence) : KWS_DAMAGED;
    framed = status == KWS_OK; /* what is damaged has no sequence number to be answered by */
  }
  reply_begin(framed, sequence);
  if (status == KWS_OK)
    status = answer_command(text, framed);
  reply_end(status);
}

KWS_COLD_END
