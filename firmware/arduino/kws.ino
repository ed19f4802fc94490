/* The Arduino sketch around the firmware: kws/board/sketch.py writes the folder in which this compiles. */
#include "src/sketch.h"

void setup() {
  sketch_start();
}

/* Does not return: the firmware's own loop answers commands for ever. */
void loop() {
  firmware_run();
}
