// Products of the models over frames in 8-bit integers: what frame_kernels.h has in bfloat16, of
// rows that are rounded as int8.h says. By AVX512-VNNI, which every machine with AVX512-BF16 has.
// Torch-free.
#pragma once

#include "nn/cpu/frame_kernels.h"
#include "nn/cpu/int8.h"

namespace chatterbox::nn::cpu {

struct QuantiseFrames {
  const Bf16* x;  // row r begins at x + r * x_stride
  int64_t x_stride, rows;
  int64_t size;    // a multiple of kDepthStep
  int8_t* data;    // rows of `stride` bytes, of which int8_padded(size) are written
  int64_t stride;  // and the memory has kRowsBeyond rows more
  float* scale;    // [rows]
  int32_t* sum;    // [rows]
};

// x W^T + b
struct Int8Product {
  const int8_t* x;  // as QuantiseFrames leaves them
  int64_t x_stride, rows;
  const float* scale;
  const int32_t* sum;
  Int8Weights w;      // outputs: a multiple of kOutputStep
  const float* bias;  // [outputs] or null
};

struct FrameInt8Kernels {
  void (*quantise)(const QuantiseFrames& args);
  void (*product)(const Int8Product& product, Bf16* y, int64_t y_stride);
  void (*product_gelu)(const Int8Product& product, Bf16* y, int64_t y_stride);  // by erf
  void (*product_add)(const Int8Product& product, float* y, int64_t y_stride);  // y += x W^T + b
};

// Null where frame_kernels() is.
[[nodiscard]] const FrameInt8Kernels* frame_int8_kernels();

// Defined in a source compiled for its instruction set.
[[nodiscard]] const FrameInt8Kernels& avx512_frame_int8_kernels();

}  // namespace chatterbox::nn::cpu
