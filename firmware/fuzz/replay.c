/* Feeds files to the device, each as if it had just started: `replay FILE..`. It ends well where nothing traps. */
#include <stdio.h>
#include <stdlib.h>

#include "device.h"

enum { BYTES_MAX = 1 << 20 };

int main(int count, char **names) {
  for (int i = 1; i < count; i++) {
    uint8_t *data = malloc(BYTES_MAX);
    FILE *file = fopen(names[i], "rb");
    if (data == NULL || file == NULL) {
      perror(names[i]);
      return 1;
    }
    size_t bytes = fread(data, 1, BYTES_MAX, file);
    fclose(file);
    device_hear(data, bytes);
    free(data);
  }
  printf("%d\n", count - 1);
  return 0;
}
