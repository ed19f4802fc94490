/* Formatting of the lines that go to the host. */
#include "reply.h"

#include "crc32.h"
#include "optimize.h"
#include "port.h"

KWS_COLD_BEGIN

static char line[KWS_LINE_BYTES_MAX];
static uint32_t line_bytes, line_fields;
static int too_long;
static uint32_t reply_crc;

static const char *const error_texts[] = {KWS_ERROR_TEXTS};

static void put(char c) {
  if (line_bytes < sizeof line)
    line[line_bytes++] = c;
  else
    too_long = 1;
}

static void put_text(const char *text) {
  while (*text != 0)
    put(*text++);
}

static void put_hex_byte(uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  put(digits[byte >> 4]);
  put(digits[byte & 15]);
}

static void begin_line(const char *start) {
  line_bytes = line_fields = 0;
  too_long = 0;
  put_text(start);
}

static void send_line(void) {
  put_text("\r\n");
  if (too_long) {
    begin_line(KWS_ERROR_OPEN);
    put_text(error_texts[KWS_LINE_TOO_LONG]);
    put_text("]\r\n");
  }
  reply_crc = crc32_update(reply_crc, line, line_bytes);
  port_write(line, line_bytes);
}

static void begin_field(void) {
  if (line_fields++ > 0)
    put(' ');
}

void reply_begin(void) {
  reply_crc = 0;
}

void reply_open(const char *word) {
  begin_line(word);
}

void reply_text(const char *field) {
  begin_field();
  put_text(field);
}

void reply_number(uint32_t field) {
  char digits[10];
  uint32_t count = 0;
  begin_field();
  do {
    digits[count++] = (char)('0' + field % 10);
    field /= 10;
  } while (field > 0);
  while (count > 0)
    put(digits[--count]);
}

void reply_hex32(uint32_t field) {
  begin_field();
  for (int shift = 24; shift >= 0; shift -= 8)
    put_hex_byte((uint8_t)(field >> shift));
}

void reply_hex_bytes(const void *field, uint32_t bytes) {
  const uint8_t *next = field;
  begin_field();
  while (bytes-- > 0)
    put_hex_byte(*next++);
}

void reply_close(void) {
  put(']');
  send_line();
}

void reply_block(const char *word, const void *data, uint32_t bytes) {
  for (uint32_t offset = 0; offset < bytes; offset += KWS_BLOCK_BYTES) {
    uint32_t rest = bytes - offset;
    reply_open(word);
    reply_number(offset);
    reply_hex_bytes((const uint8_t *)data + offset, rest < KWS_BLOCK_BYTES ? rest : KWS_BLOCK_BYTES);
    reply_close();
  }
}

static void ready(void) {
  begin_line(KWS_READY);
  send_line();
}

void reply_end(void) {
  uint32_t crc = reply_crc; /* of the lines before this one */
  reply_open(KWS_REPLY_CRC);
  reply_hex32(crc);
  reply_close();
  ready();
}

void reply_error(kws_status_t status) {
  begin_line(KWS_ERROR_OPEN);
  put_text(error_texts[status]);
  put(']');
  send_line();
  ready();
}

void reply_started(void) {
  begin_line(KWS_STARTED);
  send_line();
  ready();
}

KWS_COLD_END
