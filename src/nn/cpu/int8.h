// Linear layers of 8-bit integers for the CPU, and the one place that chooses among their variants.
//
// A weight is an integer of [-127, 127] times its output's scale, an activation one of [-127, 127]
// times its row's. A row is rounded by what it has itself, and integers add up exactly in any
// order: a row of a batch has the bits of the row alone, and all variants find the same sums. Their
// results have the same bits, too, where no exponential is in them. Torch-free.
#pragma once

#include <cstdint>

namespace chatterbox::nn::cpu {

inline constexpr int64_t kPanelOutputs = 64;  // whose weights lie side by side
inline constexpr int64_t kGroupInputs = 4;    // of an output side by side, a 32-bit lane
// Inputs are padded to so many, a row of an AMX tile; what is added is 0 in the activations.
inline constexpr int64_t kInt8Step = 64;

[[nodiscard]] constexpr int64_t int8_panels(int64_t outputs) {
  return (outputs + kPanelOutputs - 1) / kPanelOutputs;
}
[[nodiscard]] constexpr int64_t int8_padded(int64_t inputs) {
  return (inputs + kInt8Step - 1) / kInt8Step * kInt8Step;
}

struct Int8Weights {
  // [panels, padded inputs / 4, 64 outputs, 4 inputs], each 128 above its value: a panel is one
  // stream, and 16 groups of 16 outputs are an AMX tile.
  const uint8_t* data;
  const float* scale;  // [panels * 64]
  int64_t outputs;
  int64_t inputs;  // padded
};

// Quantised rows. Row r begins at data + r * stride; its values are of the variant's type.
struct Int8Rows {
  const void* data;
  int64_t rows;
  int64_t stride;      // bytes
  const float* scale;  // of each row; NaN where the row has a value that is not finite
  const int32_t* sum;  // of each row's values
};

struct QuantiseArgs {
  const float* x;  // [rows, size]
  int64_t rows, size, x_stride;
  void* data;      // 64-byte aligned, rows of `stride` bytes
  int64_t stride;  // row_bytes() at least, of which all are written
  float* scale;
  int32_t* sum;
};

// y[r][n] = x[r] . w[n] (+ bias[n]) (+ the old y[r][n])
struct Int8LinearArgs {
  Int8Rows x;
  Int8Weights w;
  const float* bias;  // [outputs] or null
  float* y;
  int64_t y_stride;
  bool accumulate;
};

// y[r][n] = silu(x[r] . gate[n]) * (x[r] . up[n])
struct Int8SwigluArgs {
  Int8Rows x;
  Int8Weights gate, up;
  float* y;
  int64_t y_stride;
};

struct Int8Kernels {
  int64_t value_bytes;  // of a quantised activation
  void (*quantise)(const QuantiseArgs& args);
  // Panels [begin, end).
  void (*linear)(const Int8LinearArgs& args, int64_t begin, int64_t end);
  void (*linear_gelu)(const Int8LinearArgs& args, int64_t begin, int64_t end);  // of y, by tanh
  void (*swiglu)(const Int8SwigluArgs& args, int64_t begin, int64_t end);

  // Between rows, with a line between them: rows 4 KiB apart would share a set of the first cache.
  [[nodiscard]] int64_t row_bytes(int64_t inputs) const {
    constexpr int64_t kLine = 64;
    return int8_padded(inputs) * value_bytes + kLine;
  }
};

// In the order of preference.
enum class Int8Isa { kPortable, kAvx2, kAvxVnni, kAvx512Vnni, kAmx };

[[nodiscard]] const char* name(Int8Isa isa);
// Whether this build has the variant and this machine runs it.
[[nodiscard]] bool supported(Int8Isa isa);
[[nodiscard]] const Int8Kernels& int8_kernels(Int8Isa isa);
// The fastest that the machine runs.
[[nodiscard]] Int8Isa int8_isa();
[[nodiscard]] const Int8Kernels& int8_kernels();

// Whether this machine multiplies many rows faster in int8 than in anything else: with VNNI. Not
// with AMX, by expectation alone: its bf16 should leave the linear layers a small part of the work.
[[nodiscard]] bool multiplies_frames_in_int8();

// Rounds a row of weights into its place in a panel: writes the inputs' groups from `to` on,
// kPanelOutputs * kGroupInputs bytes apart, and returns the scale.
float pack_int8_row(const float* weights, int64_t size, uint8_t* to);

// The variants; each is defined in a source compiled for its instruction set.
[[nodiscard]] const Int8Kernels& int8_portable();
[[nodiscard]] const Int8Kernels& int8_avx2();
[[nodiscard]] const Int8Kernels& int8_avx_vnni();
[[nodiscard]] const Int8Kernels& int8_avx512_vnni();
[[nodiscard]] const Int8Kernels& int8_amx();

}  // namespace chatterbox::nn::cpu
