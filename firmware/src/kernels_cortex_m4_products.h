/*
 * Convolutions as products over wide places, and depthwise ones over planes: see kws/codegen/cortex_m4/products.py.
 *
 * Wide places: int16 without the zero point, a place after the other, each four channels in the order 0, 2, 1, 3.
 * Planes: int16 without the zero point, a channel after the other, each with a border of zeros. Both go through an
 * image along its longer side: by columns where it is higher than wide.
 */
#ifndef KWS_KERNELS_CORTEX_M4_PRODUCTS_H
#define KWS_KERNELS_CORTEX_M4_PRODUCTS_H

#include "kernels_cortex_m4.h"

enum { KWS_M4_PRODUCT_FILTERS = 4 };

/* What kws/codegen/cortex_m4/pointwise.py's functions are given, in the order in which they read it. */
typedef struct {
  const int16_t *places;
  void *output;            /* of the first filter */
  const uint16_t *offsets; /* bytes from there to each place's output; at a word */
  const int16_t *end;      /* of the last two places; an odd one follows */
  const int32_t *biases, *multipliers;
  const int8_t *shifts;  /* each -20 .. -2 */
  uint32_t groups;       /* of four filters, at least 1 */
  const int8_t *weights; /* a row for each filter */
} kws_m4_product_call_t;

/* All filters of the call over all places. */
typedef void (*kws_m4_places_t)(const kws_m4_product_call_t *call);

/* One channel; parameters are nine words, see kws/codegen/cortex_m4/depthwise.py. */
typedef void (*kws_m4_plane_t)(const int16_t *plane, int16_t *output, const uint32_t *parameters);

/* How a layer lies in planes, on its way in or out; height and width as planes have them. */
typedef struct {
  kws_m4_plane_t run; /* of a depthwise layer */
  uint16_t channels, height, width, pitch, plane_bytes;
} kws_m4_planes_t;

typedef struct {
  kws_m4_places_t run;
  const kws_m4_planes_t *planes;        /* of the output, 0 where it is int8 */
  uint16_t padded_height, padded_width; /* of an int8 input with its padding, 0 where it has none */
  uint8_t gathers;                      /* the input is int8, not wide places */
} kws_m4_product_t;

/* kws_conv_2d; scratch holds offsets, the padded input and gathered places, in this order. */
void kws_m4_product(const kws_conv_2d_t *layer, const kws_m4_product_t *how, const void *restrict input,
                    void *restrict scratch, void *restrict output);

/* kws_depthwise_conv_2d from planes to wide places. */
void kws_m4_depthwise(const kws_depthwise_conv_2d_t *layer, const kws_m4_planes_t *how, const int16_t *restrict input,
                      int16_t *restrict output);

#endif
