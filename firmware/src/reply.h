/*
 * Lines to the host. A framed answer is any number of lines `m-WORD-[FIELD FIELD ..]` (WORD from protocol.h), then
 * `m-end-[SEQUENCE BYTES CRC32]` over what was sent since reply_begin, then `m-ready`; a plain one is without the end.
 *
 * A line is put together in RAM, at most KWS_LINE_BYTES_MAX bytes, and sent whole; one that would be longer is not cut:
 * an error line takes its place.
 */
#ifndef KWS_REPLY_H
#define KWS_REPLY_H

#include <stdint.h>

#include "protocol.h"

/* Starts an answer: framed or not, to the command of this sequence number. */
void reply_begin(int framed, uint32_t sequence);

/* Sequence number of the command that is being answered. */
uint32_t reply_sequence(void);

/* A line: open it with one of the KWS_REPLY_ or KWS_LINE_ constants, add fields, close it. Fields are parted by a
 * space, or by what reply_separator names after the opening. */
void reply_open(const char *start);
void reply_separator(char separator);
void reply_text(const char *field);
void reply_number(uint64_t field);
void reply_hex32(uint32_t field);                        /* eight lower-case hex digits */
void reply_hex_bytes(const void *field, uint32_t bytes); /* two lower-case hex digits a byte, in order */
void reply_q15(uint32_t field);                          /* of 32768 parts, rounded to three decimals */
void reply_close(void);                                  /* by a bracket */
void reply_close_with(const char *end);

/* A line of one number, and one of none. */
void reply_number_line(const char *start, uint64_t field, const char *end);
void reply_line(const char *text);

/* bytes bytes as lines of at most KWS_BLOCK_BYTES, each `start`, offset of its first byte (the first one `offset`),
 * hex digits. */
void reply_block(const char *start, uint32_t offset, const void *data, uint32_t bytes);

/* Ends a part of a framed answer, without m-ready: what was sent is a whole answer, and what follows another one under
 * the same sequence number. */
void reply_end_part(void);

/* Ends an answer: an error line unless status is KWS_OK, the end where it is framed, m-ready. After an error nothing
 * sent before it in this answer counts. */
void reply_end(kws_status_t status);

/* What a board prints once after its start. */
void reply_started(kws_status_t status);

#endif
