/* CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320): what zlib.crc32 computes. */
#ifndef KWS_CRC32_H
#define KWS_CRC32_H

#include <stdint.h>

/* Checksum of what came before (`crc`, 0 at the start) followed by `bytes` bytes of data. Cannot fail. */
uint32_t crc32_update(uint32_t crc, const void *data, uint32_t bytes);

#endif
