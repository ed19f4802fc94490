/*
 * Reading and answering commands (kws/board/protocol.py says what they look like). CR, LF and NUL are ignored wherever
 * they stand, so that a host may flood an unfinished upload with line feeds and be understood again. An empty command
 * gets no answer. Every other one gets exactly one, which ends in m-ready.
 */
#ifndef KWS_COMMANDS_H
#define KWS_COMMANDS_H

/* Reads one command from the port and answers it. A command that is unknown, damaged, longer than
 * KWS_COMMAND_BYTES_MAX, or malformed gets an error line, and nothing changes. */
void commands_answer_one(void);

#endif
