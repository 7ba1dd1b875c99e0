// The bodies of the int8 kernels over `Vec` and over `Unit`, which multiplies; both are the
// including source's, in its own unnamed namespace: see kernels_impl.h.
//
//   struct Unit {
//     using Value = ...;  // of quantised activations: int8_t or wider
//     // sums[r][64] of rows [first, first + rows), 32 at most, with the panel's weights as they
//     are
//     // stored, 128 too high.
//     void panel(const Int8Rows& x, int64_t first, int64_t rows, const uint8_t* w, int64_t groups,
//                int32_t* sums);
//   };
#pragma once

#include "nn/cpu/int8.h"
#include "nn/cpu/vec_math.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr int64_t kBlockRows = 32;
constexpr int64_t kGroupBytes = kPanelOutputs * kGroupInputs;
constexpr int32_t kWeightZero = 128;
constexpr float kLargest = 127.0f;

constexpr uint32_t kInfinityBits = 0x7f800000U;
// Below, 127 / x is no number any more. Such a row is 0.
constexpr uint32_t kLeastBits = 0x03000000U;  // 3.8e-37

// The bits of the largest magnitude; not below kInfinityBits where a value is not finite.
inline uint32_t largest_bits(const float* x, int64_t size) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < size; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, x + i, sizeof bits);
    bits &= 0x7fffffffU;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

// To the nearest, of two the even one: what is added moves the fraction out of a float's 24 bits.
inline int32_t rounded(float x) {
  constexpr float kBeyond = 12582912.0f;  // 1.5 * 2^23
  const float moved = x + kBeyond;
  int32_t bits;
  __builtin_memcpy(&bits, &moved, sizeof bits);
  return bits - 0x4b400000;
}

template <class Value>
inline void quantise_row(const float* x, int64_t size, int64_t padded, Value* to, float* scale,
                         int32_t* sum) {
  const uint32_t bits = largest_bits(x, size);
  int32_t total = 0;
  int64_t i = 0;
  if (bits >= kLeastBits && bits < kInfinityBits) {
    float largest;
    __builtin_memcpy(&largest, &bits, sizeof largest);
    const float inverse = kLargest / largest;
    for (; i < size; ++i) {
      const int32_t value = rounded(x[i] * inverse);
      to[i] = static_cast<Value>(value);
      total += value;
    }
    *scale = largest / kLargest;
  } else {
    *scale = bits >= kInfinityBits ? __builtin_nanf("") : 0.0f;
  }
  for (; i < padded; ++i) to[i] = 0;
  *sum = total;
}

void quantise(const QuantiseArgs& args) {
  for (int64_t r = 0; r < args.rows; ++r) {
    auto* to = reinterpret_cast<Unit::Value*>(static_cast<char*>(args.data) + r * args.stride);
    quantise_row(args.x + r * args.x_stride, args.size, int8_padded(args.size), to, args.scale + r,
                 args.sum + r);
  }
}

// From integer sums to the products, [rows][64], in place.
inline void scale_sums(const Int8Rows& x, int64_t first, int64_t rows, const float* scale,
                       int32_t* sums) {
  for (int64_t r = 0; r < rows; ++r) {
    int32_t* row = sums + r * kPanelOutputs;
    const int32_t excess = kWeightZero * x.sum[first + r];
    for (int64_t j = 0; j < kPanelOutputs; ++j) row[j] -= excess;
    const Vec row_scale = Vec::all(x.scale[first + r]);
    for (int64_t j = 0; j < kPanelOutputs; j += kWidth) {
      const Vec value = Vec::of(row + j) * (row_scale * Vec::load(scale + j));
      value.store(reinterpret_cast<float*>(row + j));
    }
  }
}

// Calls finish(first row, rows, first output, outputs) for blocks of at most 32 x 64, whose
// products it finds in `products`.
template <class Products, class Finish>
inline void for_each_panel(const Int8Rows& x, const Int8Weights& w, int64_t begin, int64_t end,
                           const Products& products, const Finish& finish) {
  for (int64_t p = begin; p < end; ++p) {
    const int64_t n = p * kPanelOutputs;
    const int64_t outputs = w.outputs - n < kPanelOutputs ? w.outputs - n : kPanelOutputs;
    for (int64_t first = 0; first < x.rows; first += kBlockRows) {
      const int64_t rows = x.rows - first < kBlockRows ? x.rows - first : kBlockRows;
      products(p, first, rows);
      finish(first, rows, n, outputs);
    }
  }
}

struct alignas(64) Block {
  int32_t sums[kBlockRows * kPanelOutputs];
  [[nodiscard]] const float* row(int64_t r) const {
    return reinterpret_cast<const float*>(sums + r * kPanelOutputs);
  }
};

inline void multiply(Unit& unit, const Int8Rows& x, const Int8Weights& w, int64_t panel,
                     int64_t first, int64_t rows, Block& block) {
  const int64_t groups = w.inputs / kGroupInputs;
  unit.panel(x, first, rows, w.data + panel * groups * kGroupBytes, groups, block.sums);
  scale_sums(x, first, rows, w.scale + panel * kPanelOutputs, block.sums);
}

// `after`: of a product with its bias.
template <class After>
inline void linear_then(const Int8LinearArgs& args, int64_t begin, int64_t end,
                        const After& after) {
  Unit unit;
  Block block;
  for_each_panel(
      args.x, args.w, begin, end,
      [&](int64_t panel, int64_t first, int64_t rows) {
        multiply(unit, args.x, args.w, panel, first, rows, block);
      },
      [&](int64_t first, int64_t rows, int64_t n, int64_t outputs) {
        for (int64_t r = 0; r < rows; ++r) {
          float* y = args.y + (first + r) * args.y_stride + n;
          for (int64_t j = 0; j < outputs; j += kWidth) {
            const int64_t left = outputs - j < kWidth ? outputs - j : kWidth;
            Vec value = Vec::load(block.row(r) + j);
            if (args.bias != nullptr) value = value + Vec::load(args.bias + n + j, left);
            value = after(value);
            if (args.accumulate) value = Vec::load(y + j, left) + value;
            value.store(y + j, left);
          }
        }
      });
}

void int8_linear(const Int8LinearArgs& args, int64_t begin, int64_t end) {
  linear_then(args, begin, end, [](Vec value) { return value; });
}

void int8_linear_gelu(const Int8LinearArgs& args, int64_t begin, int64_t end) {
  linear_then(args, begin, end, [](Vec value) { return gelu(value); });
}

void int8_swiglu(const Int8SwigluArgs& args, int64_t begin, int64_t end) {
  Unit unit;
  Block gate, up;
  for_each_panel(
      args.x, args.gate, begin, end,
      [&](int64_t panel, int64_t first, int64_t rows) {
        multiply(unit, args.x, args.gate, panel, first, rows, gate);
        multiply(unit, args.x, args.up, panel, first, rows, up);
      },
      [&](int64_t first, int64_t rows, int64_t n, int64_t outputs) {
        for (int64_t r = 0; r < rows; ++r) {
          float* y = args.y + (first + r) * args.y_stride + n;
          for (int64_t j = 0; j < outputs; j += kWidth) {
            const int64_t left = outputs - j < kWidth ? outputs - j : kWidth;
            (silu(Vec::load(gate.row(r) + j)) * Vec::load(up.row(r) + j)).store(y + j, left);
          }
        }
      });
}

const Int8Kernels kThisVariant{sizeof(Unit::Value), quantise, int8_linear, int8_linear_gelu,
                               int8_swiglu};

}  // namespace
}  // namespace chatterbox::nn::cpu
