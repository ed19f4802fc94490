/*
 * A model as the firmware sees it. kws.codegen generates one model_<name>.c for each .tflite and a models.c that lists
 * them; nothing here or in the generated files allocates memory.
 *
 * All models of an image share one activation arena and one unpack buffer (models.c, each as large as the largest
 * need), so only one model is live at a time: call prepare() before a model's first invoke(), and again after another
 * model's prepare() has run. invoke() may be called any number of times in between.
 */
#ifndef KWS_MODEL_H
#define KWS_MODEL_H

#include <stdint.h>

/* Version of what kws.codegen writes: models.c does not compile against a header of another version. */
#define KWS_MODEL_SCHEMA 3

/* Entries of kws_model_t.softmax: the distance of an int8 logit from the largest one is 0..255, of which the first
 * KWS_SOFTMAX_STEPS entries stand for the last digit in base KWS_SOFTMAX_STEPS, the others for the first. */
enum { KWS_SOFTMAX_STEPS = 16, KWS_SOFTMAX_ENTRIES = 2 * KWS_SOFTMAX_STEPS };

typedef struct {
  const char *name;          /* a C identifier: "deployed", "structured_7" */
  const char *tflite_sha256; /* 64 hex digits of the .tflite it was generated from */
  uint16_t input_bytes;      /* T * F int8 features, or whatever the model takes */
  uint16_t classes;          /* K int8 logits */
  void (*prepare)(void);     /* unpacks weights that are not stored a byte each into RAM; cannot fail; never NULL */
  /* input: input_bytes int8, frames first, never written. logits: classes int8, all written. Neither may be NULL, and
   * they do not overlap. Cannot fail. */
  void (*invoke)(const int8_t *input, int8_t *logits);
  /* round(exp(-i * output_scale) * 2^31) for i = 0 .. 15, then for i = 0, 16 .. 240; not NULL */
  const uint32_t *softmax;
  /* real = scale * (q - zero_point). Where the .tflite has float ends, the QUANTIZE of its input and the DEQUANTIZE of
   * its output are the caller's: kws_quantize and kws_dequantize of kernels.h with these, equal to TFLite's. */
  float input_scale, output_scale;
  int16_t input_zero_point, output_zero_point;
} kws_model_t;

extern const kws_model_t *const kws_models[]; /* kws_model_count entries, in the order given to kws.codegen.generate */
extern const uint32_t kws_model_count;        /* at least 1 */

#endif
