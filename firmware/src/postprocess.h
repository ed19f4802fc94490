/* From int8 logits to probabilities and a label, in integers, so that the host can compute the same numbers exactly
 * (kws/board/reference.py does). */
#ifndef KWS_POSTPROCESS_H
#define KWS_POSTPROCESS_H

#include <stdint.h>

enum { POSTPROCESS_ONE = 32768 /* a probability of 1: unsigned Q15, so that 1 itself fits */ };

/*
 * Softmax of `classes` logits (1..64), rounded to the nearest 1/32768:
 *   p[k] = (softmax[max - q[k]] * 32768 + sum / 2) / sum,  sum = the classes' softmax[max - q] added up
 * softmax: 256 entries up to 2^16, the first one 2^16 (see model.h); products and sums then stay below 2^32.
 * probabilities: classes values 0..32768, all written. Returns the label: the first index of the largest logit.
 */
uint32_t postprocess(const int8_t *logits, uint32_t classes, const uint32_t *softmax, uint16_t *probabilities);

#endif
