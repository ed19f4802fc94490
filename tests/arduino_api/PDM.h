/* What the sketch uses of Arduino's PDM library, declared; see Arduino.h beside it. */
#ifndef KWS_TESTS_PDM_H
#define KWS_TESTS_PDM_H

#include <stddef.h>

class PDMClass {
public:
  int begin(int channels, int sampleRate);
  void end();
  int available();
  int read(void *buffer, size_t size);
  void onReceive(void (*function)(void));
  void setGain(int gain);
  void setBufferSize(int bufferSize);
};
extern PDMClass PDM;

#endif
