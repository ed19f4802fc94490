/* Included before each of the firmware's sources: its variables lie together, where device.c can clear them. */
#pragma clang section bss = "kws_state"
