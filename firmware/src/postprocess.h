/* From int8 logits to probabilities and a label, in integers, so that the host can compute the same numbers exactly
 * (kws/board/reference.py does). */
#ifndef KWS_POSTPROCESS_H
#define KWS_POSTPROCESS_H

#include <stdint.h>

enum { POSTPROCESS_ONE = 32768 /* a probability of 1: unsigned Q15, so that 1 itself fits */ };

/*
 * Softmax of `classes` logits (1..64), rounded to the nearest 1/32768:
 *   p[k] = (w[k] * 32768 + sum / 2) / sum,  sum = all w[k] added up,  w[k] = exp(-(max - q[k]) * output scale) * 2^16
 * softmax: the factors of w, see model.h; of the largest logit w is 2^16, and no product or sum reaches 2^32.
 * probabilities: classes values 0..32768, all written. Returns the label: the first index of the largest logit.
 */
uint32_t postprocess(const int8_t *logits, uint32_t classes, const uint32_t *softmax, uint16_t *probabilities);

#endif
