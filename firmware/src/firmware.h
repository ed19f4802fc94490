/* Entry of the portable part: a port's start-up code calls it once its clock, its link and its RAM are ready. */
#ifndef KWS_FIRMWARE_H
#define KWS_FIRMWARE_H

/* Announces itself on the link, then answers commands for ever. */
_Noreturn void firmware_run(void);

#endif
