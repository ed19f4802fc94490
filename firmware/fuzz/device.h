/* A board that hears what lies in memory. */
#ifndef KWS_FUZZ_DEVICE_H
#define KWS_FUZZ_DEVICE_H

#include <stddef.h>
#include <stdint.h>

/* Starts the firmware, lets it answer `bytes` bytes of commands, and returns when they are used up. */
void device_hear(const uint8_t *data, size_t bytes);

#endif
