// `Unit` over vectors of dot products, `Lanes`, which the including source defines: see
// int8_impl.h.
//
//   struct Lanes {
//     using Value = ...;  // of activations
//     static constexpr int kOutputs;   // of a vector
//     static constexpr int kTile;      // vectors that are summed side by side
//     static constexpr int kTileRows;  // with kTile sums each in the registers
//     using Weights = ..., Inputs = ..., Sums = ...;
//     static Weights load(const uint8_t* group);  // kOutputs of a group
//     static Inputs all(const Value* four);
//     static Sums none();
//     static Sums add(Sums, Weights, Inputs);
//     static void add_to(int32_t* sums, Sums);  // [kOutputs]
//   };
#pragma once

#include "nn/cpu/int8.h"
#include "nn/cpu/unroll.h"

namespace chatterbox::nn::cpu {
namespace {

// Groups of a panel that all rows meet while they are in the first cache: 16 KiB.
constexpr int64_t kGroupsAtATime = 64;
// What is read next is on its way meanwhile. A panel's end is the next one's begin.
constexpr int64_t kBytesAhead = 6144;

// Adds kR rows' sums over `count` groups of kTile vectors of outputs.
template <int kR, bool kPrefetch>
inline void tile(const Lanes::Value* x, int64_t stride, const uint8_t* w, int64_t count,
                 int32_t* sums) {
  constexpr int kN = Lanes::kTile;
  constexpr int64_t kGroupBytes = kPanelOutputs * kGroupInputs;
  constexpr int64_t kVectorBytes = Lanes::kOutputs * kGroupInputs;
  Lanes::Sums sum[kR][kN];
  CHATTERBOX_UNROLL
  for (int r = 0; r < kR; ++r) {
    CHATTERBOX_UNROLL
    for (int n = 0; n < kN; ++n) sum[r][n] = Lanes::none();
  }
  for (int64_t g = 0; g < count; ++g, w += kGroupBytes) {
    Lanes::Weights weights[kN];
    CHATTERBOX_UNROLL
    for (int n = 0; n < kN; ++n) {
      if constexpr (kPrefetch) __builtin_prefetch(w + kBytesAhead + n * kVectorBytes, 0, 3);
      weights[n] = Lanes::load(w + n * kVectorBytes);
    }
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) {
      const Lanes::Inputs inputs = Lanes::all(x + r * stride + g * kGroupInputs);
      CHATTERBOX_UNROLL
      for (int n = 0; n < kN; ++n) sum[r][n] = Lanes::add(sum[r][n], weights[n], inputs);
    }
  }
  CHATTERBOX_UNROLL
  for (int r = 0; r < kR; ++r) {
    CHATTERBOX_UNROLL
    for (int n = 0; n < kN; ++n) {
      Lanes::add_to(sums + r * kPanelOutputs + n * Lanes::kOutputs, sum[r][n]);
    }
  }
}

// The first rows bring the next weights into the cache, for all.
template <int kR, bool kPrefetch>
inline void tile_rows(int64_t rows, const Lanes::Value* x, int64_t stride, const uint8_t* w,
                      int64_t count, int32_t* sums) {
  if (rows >= kR) {
    tile<kR, kPrefetch>(x, stride, w, count, sums);
    if (rows > kR) {
      tile_rows<kR, false>(rows - kR, x + kR * stride, stride, w, count, sums + kR * kPanelOutputs);
    }
  } else if constexpr (kR > 1) {
    tile_rows<kR - 1, kPrefetch>(rows, x, stride, w, count, sums);
  }
}

struct Unit {
  using Value = Lanes::Value;

  static void panel(const Int8Rows& x, int64_t first, int64_t rows, const uint8_t* w,
                    int64_t groups, int32_t* sums) {
    constexpr int64_t kGroupBytes = kPanelOutputs * kGroupInputs;
    constexpr int64_t kTileOutputs = int64_t{Lanes::kTile} * Lanes::kOutputs;
    const auto* row =
        reinterpret_cast<const Value*>(static_cast<const char*>(x.data) + first * x.stride);
    const int64_t stride = x.stride / static_cast<int64_t>(sizeof(Value));
    for (int64_t i = 0; i < rows * kPanelOutputs; ++i) sums[i] = 0;
    for (int64_t g = 0; g < groups; g += kGroupsAtATime) {
      const int64_t count = groups - g < kGroupsAtATime ? groups - g : kGroupsAtATime;
      for (int64_t n = 0; n < kPanelOutputs; n += kTileOutputs) {
        tile_rows<Lanes::kTileRows, true>(rows, row + g * kGroupInputs, stride,
                                          w + g * kGroupBytes + n * kGroupInputs, count, sums + n);
      }
    }
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu
