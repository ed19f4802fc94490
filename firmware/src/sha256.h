/* SHA-256 (FIPS 180-4) of a block of memory: how the board names the image it holds. */
#ifndef KWS_SHA256_H
#define KWS_SHA256_H

#include <stdint.h>

enum { SHA256_BYTES = 32 };

/* Hash of bytes (0 or more) bytes of data. digest is written whole, most significant byte first. Cannot fail. */
void sha256(const void *data, uint32_t bytes, uint8_t digest[SHA256_BYTES]);

#endif
