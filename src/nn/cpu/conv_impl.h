// Convolutions over frames in fp32, over `Vec`: see kernels_impl.h.
#pragma once

#include "nn/cpu/kernels.h"
#include "nn/cpu/unroll.h"
#include "nn/cpu/vec_math.h"

namespace chatterbox::nn::cpu {
namespace {

// kR rows from `first` on and kN vectors of outputs from `column` of a panel of weights on.
template <int kR, int kN>
inline void conv_tile(const ConvArgs& args, int64_t first, const float* weight, int64_t column) {
  Vec sum[kR][kN];
  CHATTERBOX_UNROLL
  for (int r = 0; r < kR; ++r) {
    CHATTERBOX_UNROLL
    for (int j = 0; j < kN; ++j) sum[r][j] = Vec::all(0.0F);
  }
  const float* tap = args.x + first * args.x_stride;
  const float* w = weight;
  for (int64_t t = 0; t < args.taps; ++t, tap += args.tap_stride) {
    for (int64_t i = 0; i < args.depth; ++i, w += kConvPanel) {
      Vec weights[kN];
      CHATTERBOX_UNROLL
      for (int j = 0; j < kN; ++j) weights[j] = Vec::load(w + j * kWidth);
      CHATTERBOX_UNROLL
      for (int r = 0; r < kR; ++r) {
        const Vec value = Vec::all(tap[r * args.x_stride + i]);
        CHATTERBOX_UNROLL
        for (int j = 0; j < kN; ++j) sum[r][j] = fma(value, weights[j], sum[r][j]);
      }
    }
  }
  CHATTERBOX_UNROLL
  for (int j = 0; j < kN; ++j) {
    const int64_t output = column + j * kWidth;
    const int64_t left = args.outputs - output < kWidth ? args.outputs - output : kWidth;
    if (left <= 0) continue;
    const Vec bias = args.bias == nullptr ? Vec::all(0.0F) : Vec::load(args.bias + output, left);
    CHATTERBOX_UNROLL
    for (int r = 0; r < kR; ++r) {
      float* y = args.y + (first + r) * args.y_stride + output;
      (sum[r][j] + bias).store(y, left);
    }
  }
}

template <int kR, int kN>
inline void conv_rows(const ConvArgs& args, int64_t first, int64_t end, const float* weight,
                      int64_t column) {
  for (; end - first >= kR; first += kR) conv_tile<kR, kN>(args, first, weight, column);
  if constexpr (kR > 1) {
    if (end > first) conv_rows<kR - 1, kN>(args, first, end, weight, column);
  }
}

// Rows [begin, end) of the outputs of panel `panel`.
void conv(const ConvArgs& args, int64_t panel, int64_t begin, int64_t end) {
  const float* weight = args.weight + panel * args.taps * args.depth * kConvPanel;
  for (int64_t i = 0; i < kConvPanel; i += 2 * kWidth) {
    const int64_t column = panel * kConvPanel + i;
    if (args.outputs <= column) return;
    if (args.outputs - column > kWidth) {
      conv_rows<Vec::kPanelRows, 2>(args, begin, end, weight + i, column);
    } else {
      conv_rows<Vec::kPanelRows, 1>(args, begin, end, weight + i, column);
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
