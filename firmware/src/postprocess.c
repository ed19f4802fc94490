/* Integer softmax and label; the formula stands in postprocess.h. */
#include "postprocess.h"

#include "model.h"
#include "protocol.h"

/* exp(-distance * output_scale) * 2^16, from the factors of both digits. */
static uint32_t weight(const uint32_t *softmax, uint32_t distance) {
  const uint64_t fine = softmax[distance % KWS_SOFTMAX_STEPS];
  const uint64_t coarse = softmax[KWS_SOFTMAX_STEPS + distance / KWS_SOFTMAX_STEPS];
  enum { PLACES = 31 + 31 - 16 };
  return (uint32_t)((fine * coarse + (UINT64_C(1) << (PLACES - 1))) >> PLACES);
}

uint32_t postprocess(const int8_t *logits, uint32_t classes, const uint32_t *softmax, uint16_t *probabilities) {
  uint32_t label = 0;
  for (uint32_t i = 1; i < classes; i++)
    if (logits[i] > logits[label])
      label = i;
  uint32_t weights[KWS_CLASSES_MAX], sum = 0;
  for (uint32_t i = 0; i < classes; i++)
    sum += weights[i] = weight(softmax, (uint32_t)(logits[label] - logits[i]));
  for (uint32_t i = 0; i < classes; i++)
    probabilities[i] = (uint16_t)((weights[i] * POSTPROCESS_ONE + sum / 2) / sum);
  return label;
}
