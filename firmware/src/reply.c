/* Formatting of the lines that go to the host. */
#include "reply.h"

#include "crc32.h"
#include "optimize.h"
#include "port.h"

KWS_COLD_BEGIN

static char line[KWS_LINE_BYTES_MAX];
static char field_separator;
static uint32_t line_bytes, line_fields;
static int too_long;
static int reply_framed;
static uint32_t reply_sequence_number, reply_bytes, reply_crc;

static const char *const error_codes[] = {KWS_ERROR_CODES};

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

static void begin_field(void) {
  if (line_fields++ > 0)
    put(field_separator);
}

void reply_begin(int framed, uint32_t sequence) {
  reply_framed = framed;
  reply_sequence_number = sequence;
  reply_bytes = reply_crc = 0;
}

uint32_t reply_sequence(void) {
  return reply_sequence_number;
}

void reply_open(const char *start) {
  line_bytes = line_fields = 0;
  too_long = 0;
  field_separator = ' ';
  put_text(start);
}

void reply_separator(char separator) {
  field_separator = separator;
}

void reply_text(const char *field) {
  begin_field();
  put_text(field);
}

/* Divides a number of four 16-bit digits, the first one the highest, by ten; returns the rest. By 32-bit divisions: the
 * chip has one for them, a 64-bit one would be a library's. */
static uint32_t divide_by_ten(uint32_t digits[4]) {
  uint32_t rest = 0;
  for (int i = 0; i < 4; i++) {
    uint32_t value = rest << 16 | digits[i];
    digits[i] = value / 10;
    rest = value % 10;
  }
  return rest;
}

void reply_number(uint64_t field) {
  char decimal[20];
  uint32_t count = 0;
  uint32_t rest[4] = {(uint16_t)(field >> 48), (uint16_t)(field >> 32), (uint16_t)(field >> 16), (uint16_t)field};
  begin_field();
  do
    decimal[count++] = (char)('0' + divide_by_ten(rest));
  while ((rest[0] | rest[1] | rest[2] | rest[3]) != 0);
  while (count > 0)
    put(decimal[--count]);
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

void reply_q15(uint32_t field) {
  uint32_t thousandths = (field * 1000 + (1u << 14)) >> 15;
  begin_field();
  for (uint32_t unit = 1000; unit > 0; unit /= 10) {
    put((char)('0' + thousandths / unit % 10));
    if (unit == 1000)
      put('.');
  }
}

void reply_close_with(const char *end) {
  put_text(end);
  put_text("\r\n");
  if (too_long) {
    reply_open(KWS_ERROR_OPEN);
    put_text(error_codes[KWS_LINE_TOO_LONG]);
    put_text("]\r\n");
  }
  reply_bytes += line_bytes;
  reply_crc = crc32_update(reply_crc, line, line_bytes);
  port_write(line, line_bytes);
}

void reply_close(void) {
  reply_close_with("]");
}

void reply_line(const char *text) {
  reply_open(text);
  reply_close_with("");
}

void reply_number_line(const char *start, uint64_t field, const char *end) {
  reply_open(start);
  reply_number(field);
  reply_close_with(end);
}

void reply_block(const char *start, uint32_t offset, const void *data, uint32_t bytes) {
  for (const uint8_t *next = data; bytes > 0;) {
    uint32_t part = bytes < KWS_BLOCK_BYTES ? bytes : KWS_BLOCK_BYTES;
    reply_open(start);
    reply_number(offset);
    reply_hex_bytes(next, part);
    reply_close();
    next += part;
    offset += part;
    bytes -= part;
  }
}

static void end_line(void) {
  uint32_t bytes = reply_bytes;
  reply_open(KWS_REPLY_END);
  reply_number(reply_sequence_number);
  reply_number(bytes);
  reply_hex32(crc32_update(reply_crc, line, line_bytes));
  reply_close();
}

void reply_end_part(void) {
  end_line();
  reply_begin(1, reply_sequence_number);
}

void reply_end(kws_status_t status) {
  if (status != KWS_OK) {
    reply_open(KWS_ERROR_OPEN);
    put_text(error_codes[status]);
    reply_close();
  }
  if (reply_framed)
    end_line();
  reply_line(KWS_READY);
}

void reply_started(kws_status_t status) {
  reply_begin(0, 0);
  if (status == KWS_OK)
    reply_line(KWS_STARTED);
  reply_end(status);
}

KWS_COLD_END
