/* What C++ sees of the firmware: its headers, with C's linkage and C's word for functions that do not return. */
#ifndef KWS_SKETCH_H
#define KWS_SKETCH_H

#ifndef _Noreturn
#define _Noreturn [[noreturn]]
#endif

extern "C" {
#include "firmware.h"
#include "microphone.h"
#include "port.h"
}

/* Brings the chip and the USB link into the state in which firmware_run expects them. */
void sketch_start(void);

#endif
