/*
 * The operators of an int8 model in portable C, equal to TFLite's reference kernels in every byte.
 *
 * Layout: activations are NHWC with N = 1, int8, one scale and zero point a tensor; real = scale * (q - zero_point).
 * Accumulators are int32; kws.codegen refuses a layer whose accumulator could overflow. Sizes are checked there too:
 * no kernel here fails, writes beyond its output or reads beyond its input. Input and output never overlap, but for
 * kws_add, kws_map and kws_softmax, whose output may be an input of the same size.
 *
 * Requantization: real multiplier = multiplier * 2^(shift - 31), 2^30 <= multiplier < 2^31 or 0, -31 <= shift <= 30.
 * Each channel has its own multiplier and shift; a tensor with one scale repeats them.
 */
#ifndef KWS_KERNELS_H
#define KWS_KERNELS_H

#include <stdint.h>

/* What turns int32 accumulators into int8: one entry of each table a channel. */
typedef struct {
  const int32_t *bias;
  const int32_t *multipliers;
  const int8_t *shifts;
  int16_t output_offset; /* zero point of the output */
  int16_t activation_min, activation_max;
} kws_requantization_t;

/* The same for dense layers, which TFLite's reference kernel scales by a real number in double precision. */
typedef struct {
  const int32_t *bias;
  const double *multipliers; /* input scale * weight scale / output scale, one an output */
  int16_t output_offset;
  int16_t activation_min, activation_max;
} kws_real_requantization_t;

/* Where a sliding window lies: window row 0 of output row y is input row y * stride_height - pad_top. */
typedef struct {
  uint16_t input_height, input_width, input_channels;
  uint16_t output_height, output_width, output_channels;
  uint16_t kernel_height, kernel_width;
  uint16_t stride_height, stride_width;
  uint16_t pad_top, pad_left; /* the padding below and to the right follows from the sizes */
} kws_window_t;

/* weights: output_channels * kernel_height * kernel_width * input_channels int8, in that order. */
typedef struct {
  kws_window_t window;
  kws_requantization_t requantization;
  const int8_t *weights;
  int16_t input_offset; /* minus the zero point of the input */
} kws_conv_2d_t;

/* weights: kernel_height * kernel_width * output_channels int8; output channel c reads input channel c / multiplier,
 * multiplier = output_channels / input_channels. */
typedef struct {
  kws_window_t window;
  kws_requantization_t requantization;
  const int8_t *weights;
  int16_t input_offset;
} kws_depthwise_conv_2d_t;

/* weights: outputs * inputs int8, in that order. */
typedef struct {
  uint32_t inputs;
  uint32_t outputs;
  kws_real_requantization_t requantization;
  const int8_t *weights;
  int16_t input_offset;
} kws_fully_connected_t;

/* Mean over the part of the window that lies inside the input, rounded half away from zero; scales are equal. */
typedef struct {
  kws_window_t window;
  int16_t activation_min, activation_max;
} kws_average_pool_2d_t;

/* Mean over height and width: multiplier and shift hold input scale / (output scale * positions). */
typedef struct {
  uint32_t positions; /* height * width */
  uint32_t channels;
  int32_t input_sum_offset; /* minus the zero point of the input times positions */
  int32_t multiplier;
  int16_t shift;
  int16_t output_offset;
} kws_mean_t;

/* Maximum over the part of the window that lies inside the input, which is never empty; scales are equal. */
typedef struct {
  kws_window_t window;
  int16_t activation_min, activation_max;
} kws_max_pool_2d_t;

/* Mean over any axes: kept and summed ones as loops of (length, stride), the outer first; the rest as kws_mean_t. */
typedef struct {
  uint32_t kept_lengths[2], kept_strides[2];
  uint32_t summed_lengths[2], summed_strides[2];
  int32_t input_sum_offset;
  int32_t multiplier;
  int16_t shift;
  int16_t output_offset;
} kws_mean_axes_t;

/* Sum of two tensors; a stride of 0 repeats an operand along an axis. Multipliers and shifts scale both operands, moved
 * to the left by 20, to a common scale, and their sum to the output's. */
typedef struct {
  uint32_t shape[4], first_strides[4], second_strides[4];
  int32_t first_multiplier, second_multiplier, output_multiplier;
  int16_t first_shift, second_shift, output_shift;
  int16_t first_offset, second_offset, output_offset;
  int16_t activation_min, activation_max;
} kws_add_t;

/* A function of one value: values[i] is the output for the input whose byte is i, 0..127 and then -128..-1. */
typedef struct {
  uint32_t count;
  const int8_t *values;
} kws_map_t;

/* The input inside a larger output; `before` values of each axis lie before it. */
typedef struct {
  uint32_t input_shape[4], output_shape[4], before[4];
  int8_t value;
} kws_pad_t;

/* Softmax of each row at scale 1/256 and zero point -128: exponentials[i] = exp(-i * input scale * beta), i < 256. */
typedef struct {
  uint32_t rows, columns;
  const float *exponentials;
} kws_softmax_t;

void kws_conv_2d(const kws_conv_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_depthwise_conv_2d(const kws_depthwise_conv_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_fully_connected(const kws_fully_connected_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_average_pool_2d(const kws_average_pool_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_max_pool_2d(const kws_max_pool_2d_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_mean(const kws_mean_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_mean_axes(const kws_mean_axes_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_add(const kws_add_t *layer, const int8_t *first, const int8_t *second, int8_t *output);
void kws_map(const kws_map_t *layer, const int8_t *input, int8_t *output);
void kws_pad(const kws_pad_t *layer, const int8_t *restrict input, int8_t *restrict output);
void kws_softmax(const kws_softmax_t *layer, const int8_t *input, int8_t *output);

/* QUANTIZE of floats: round(real / scale) + zero_point, half away from zero, clamped; not a number becomes -128. */
void kws_quantize(const float *real, uint32_t count, float scale, int32_t zero_point, int8_t *values);

/* DEQUANTIZE: scale * (value - zero_point). */
void kws_dequantize(const int8_t *values, uint32_t count, float scale, int32_t zero_point, float *real);

/*
 * Unpack count weights of bits (2..7) bits each, as kws/codegen/packing.py packs them: weight i is the two's complement
 * number in bits i * bits .. i * bits + bits - 1 of the stream, bit k of the stream being bit k % 8 of byte k / 8.
 * Reads (count * bits + 7) / 8 bytes of packed, writes count int8 to weights.
 */
void kws_unpack_weights(const uint8_t *restrict packed, uint32_t count, uint32_t bits, int8_t *restrict weights);

/*
 * Unpack count weights that kws/codegen/sparse.py stored without their zeros: before each weight of bits (2..8) bits
 * the number of zeros, its high part in unary and its rice (0..7) low bits; writes count int8 to weights.
 */
void kws_unpack_sparse_weights(const uint8_t *restrict packed, uint32_t count, uint32_t bits, uint32_t rice,
                               int8_t *restrict weights);

#endif
