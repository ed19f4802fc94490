"""The board: the firmware's build, the emulated chip, the serial protocol, sessions, and what they measure."""
