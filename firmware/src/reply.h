/*
 * Lines to the host. A reply is any number of lines `m-WORD-[FIELD FIELD ..]` (WORD from protocol.h), then
 * `m-crc-[CRC32]` over every byte sent since reply_begin (line ends included), then `m-ready`.
 *
 * A line is put together in RAM, at most KWS_LINE_BYTES_MAX bytes, and sent whole; one that would be longer is not cut:
 * an error line takes its place.
 */
#ifndef KWS_REPLY_H
#define KWS_REPLY_H

#include <stdint.h>

#include "protocol.h"

/* Starts a reply: the checksum begins anew. */
void reply_begin(void);

/* A line: open it with one of the KWS_REPLY_ constants, add fields, close it. Fields are parted by a space. */
void reply_open(const char *word);
void reply_text(const char *field);
void reply_number(uint32_t field);
void reply_hex32(uint32_t field);                        /* eight lower-case hex digits */
void reply_hex_bytes(const void *field, uint32_t bytes); /* two lower-case hex digits a byte, in order */
void reply_close(void);

/* bytes bytes as lines of at most KWS_BLOCK_BYTES, each `word`, offset of its first byte, hex digits. */
void reply_block(const char *word, const void *data, uint32_t bytes);

/* Ends a reply well: checksum, m-ready. */
void reply_end(void);

/* Ends a reply with an error line and m-ready, without a checksum: nothing sent before it in this reply counts. */
void reply_error(kws_status_t status);

/* What a board prints once after its start. */
void reply_started(void);

#endif
