/* Integer softmax and label; the formula stands in postprocess.h. */
#include "postprocess.h"

uint32_t postprocess(const int8_t *logits, uint32_t classes, const uint32_t *softmax, uint16_t *probabilities) {
  uint32_t label = 0;
  for (uint32_t i = 1; i < classes; i++)
    if (logits[i] > logits[label])
      label = i;
  uint32_t sum = 0;
  for (uint32_t i = 0; i < classes; i++)
    sum += softmax[logits[label] - logits[i]];
  for (uint32_t i = 0; i < classes; i++)
    probabilities[i] = (uint16_t)((softmax[logits[label] - logits[i]] * POSTPROCESS_ONE + sum / 2) / sum);
  return label;
}
