// Attention of positions of one head to all, unmasked. Where time is arithmetic: two matrix
// products over packed tiles that stay in the caches. Included after kernels_impl.h, under its
// rules.
#pragma once

#include "nn/cpu/kernels_impl.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr int kPanel = 2 * kWidth;  // columns of a register tile
constexpr int kTile = Vec::kPanelRows;
constexpr int64_t kQueryBlock = 4 * kTile;  // queries that share a panel in the first cache
constexpr int64_t kKeyBlock = 256;          // 16 KiB of a panel

inline int64_t padded(int64_t length) { return (length + kPanel - 1) / kPanel * kPanel; }

// c[kTile][kPanel] (+)= a[kTile][depth] b[depth][kPanel]
inline void multiply_tile(const float* a, int64_t a_stride, const float* b, int64_t depth, float* c,
                          int64_t c_stride, bool accumulate) {
  Vec sum[kTile][2];
  CHATTERBOX_UNROLL
  for (int r = 0; r < kTile; ++r) {
    CHATTERBOX_UNROLL
    for (int j = 0; j < 2; ++j) {
      sum[r][j] = accumulate ? Vec::load(c + r * c_stride + j * kWidth) : Vec::all(0.0f);
    }
  }
  for (int64_t i = 0; i < depth; ++i) {
    const Vec left = Vec::load(b + i * kPanel);
    const Vec right = Vec::load(b + i * kPanel + kWidth);
    CHATTERBOX_UNROLL
    for (int r = 0; r < kTile; ++r) {
      const Vec value = Vec::all(a[r * a_stride + i]);
      sum[r][0] = fma(value, left, sum[r][0]);
      sum[r][1] = fma(value, right, sum[r][1]);
    }
  }
  CHATTERBOX_UNROLL
  for (int r = 0; r < kTile; ++r) {
    CHATTERBOX_UNROLL
    for (int j = 0; j < 2; ++j) sum[r][j].store(c + r * c_stride + j * kWidth);
  }
}

// Row t of x to column t % kPanel of panel t / kPanel: [panels][64][kPanel], zeros beyond `length`.
inline void pack_keys(const float* x, int64_t stride, int64_t length, float* packed) {
  const int64_t columns = padded(length);
  for (int64_t t = 0; t < columns; ++t) {
    float* to = packed + t / kPanel * kPanel * kHeadSize + t % kPanel;
    for (int64_t d = 0; d < kHeadSize; ++d) {
      to[d * kPanel] = t < length ? x[t * stride + d] : 0.0f;
    }
  }
}

// [64 / kPanel panels][length][kPanel]
inline void pack_values(const float* x, int64_t stride, int64_t length, float* packed) {
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t d = 0; d < kHeadSize; d += kWidth) {
      Vec::load(x + t * stride + d).store(packed + (d / kPanel * length + t) * kPanel + d % kPanel);
    }
  }
}

// Scores to exp(score - highest); returns their sum. `scores` has room for padded(length).
inline float exponentials(float* scores, int64_t length) {
  for (int64_t t = length; t < padded(length); ++t) scores[t] = -1e30f;
  Vec high = Vec::load(scores);
  for (int64_t t = kWidth; t < padded(length); t += kWidth) high = max(Vec::load(scores + t), high);
  float lanes[kWidth];
  high.store(lanes);
  float highest = lanes[0];
  for (const float lane : lanes) highest = lane > highest ? lane : highest;
  Vec sum = Vec::all(0.0f);
  for (int64_t t = 0; t < padded(length); t += kWidth) {
    const Vec p = exp(Vec::load(scores + t) - Vec::all(highest));
    p.store(scores + t);
    sum = sum + p;
  }
  return sum.sum();
}

struct SelfAttentionScratch {
  float *keys, *values, *queries, *scores, *out;
};

inline SelfAttentionScratch divide_scratch(float* scratch, int64_t length) {
  SelfAttentionScratch s{};
  s.keys = scratch;
  s.values = s.keys + padded(length) * kHeadSize;
  s.queries = s.values + padded(length) * kHeadSize;
  s.out = s.queries + kQueryBlock * kHeadSize;
  s.scores = s.out + kQueryBlock * kHeadSize;
  return s;
}

int64_t self_attention_scratch(int64_t length) {
  return 2 * padded(length) * kHeadSize + 2 * kQueryBlock * kHeadSize +
         kQueryBlock * padded(length);
}

// scores [kQueryBlock][padded(length)] = queries keys^T
inline void score(const SelfAttentionScratch& s, int64_t length) {
  const int64_t columns = padded(length);
  for (int64_t t = 0; t < columns; t += kPanel) {
    for (int64_t r = 0; r < kQueryBlock; r += kTile) {
      multiply_tile(s.queries + r * kHeadSize, kHeadSize, s.keys + t * kHeadSize, kHeadSize,
                    s.scores + r * columns + t, columns, /*accumulate=*/false);
    }
  }
}

// out [kQueryBlock][64] = scores values
inline void mix(const SelfAttentionScratch& s, int64_t length) {
  const int64_t columns = padded(length);
  for (int64_t d = 0; d < kHeadSize; d += kPanel) {
    const float* panel = s.values + d * length;
    for (int64_t t = 0; t < length; t += kKeyBlock) {
      const int64_t depth = length - t < kKeyBlock ? length - t : kKeyBlock;
      for (int64_t r = 0; r < kQueryBlock; r += kTile) {
        multiply_tile(s.scores + r * columns + t, columns, panel + t * kPanel, depth,
                      s.out + r * kHeadSize + d, kHeadSize, /*accumulate=*/t > 0);
      }
    }
  }
}

void self_attention(const SelfAttentionArgs& args) {
  const Vec scale = Vec::all(0.125f);  // 1 / sqrt(64)
  const SelfAttentionScratch s = divide_scratch(args.scratch, args.length);
  const int64_t columns = padded(args.length);
  pack_keys(args.k, args.stride, args.length, s.keys);
  pack_values(args.v, args.stride, args.length, s.values);
  for (int64_t first = args.first; first < args.last; first += kQueryBlock) {
    const int64_t rows = args.last - first < kQueryBlock ? args.last - first : kQueryBlock;
    for (int64_t r = 0; r < kQueryBlock; ++r) {  // a short block repeats its last query
      const float* from = args.q + (first + (r < rows ? r : rows - 1)) * args.stride;
      for (int64_t d = 0; d < kHeadSize; d += kWidth) {
        (Vec::load(from + d) * scale).store(s.queries + r * kHeadSize + d);
      }
    }
    score(s, args.length);
    float sums[kQueryBlock];
    for (int64_t r = 0; r < kQueryBlock; ++r) {
      sums[r] = exponentials(s.scores + r * columns, args.length);
    }
    mix(s, args.length);
    for (int64_t r = 0; r < rows; ++r) {
      const Vec share = Vec::all(1.0f / sums[r]);
      float* to = args.out + (first - args.first + r) * args.out_stride;
      for (int64_t d = 0; d < kHeadSize; d += kWidth) {
        (Vec::load(s.out + r * kHeadSize + d) * share).store(to + d);
      }
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
