// Attention of a block of positions, of one head, to all positions of a cache in bfloat16 and to
// each other. Queries lie in lanes, so that each has its own sums. Included after kernels_impl.h,
// under its rules.
#pragma once

#include "nn/cpu/kernels_impl.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr int64_t kKeysAtATime = 64;  // their bounds are absolute, as in attend()
constexpr int kSums = 8;              // chains of products side by side

// So many queries as there are lanes.
struct QueryLanes {
  float q[kHeadSize * kWidth];    // [64][lanes]
  float out[kHeadSize * kWidth];  // [64][lanes]
  float keys[kKeysAtATime * kHeadSize];
  float values[kKeysAtATime * kHeadSize];
  float p[kKeysAtATime * kWidth];  // [keys][lanes], scores and then their exponentials
};

inline void widen(const Bf16* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count * kHeadSize; i += kWidth) Vec::load(from + i).store(to + i);
}

// p[kN][lanes] = q keys^T
template <int kN>
inline void score_keys(const float* q, const float* keys, float* p) {
  Vec sum[kN];
  CHATTERBOX_UNROLL
  for (int n = 0; n < kN; ++n) sum[n] = Vec::all(0.0f);
  for (int64_t d = 0; d < kHeadSize; ++d) {
    const Vec query = Vec::load(q + d * kWidth);
    CHATTERBOX_UNROLL
    for (int n = 0; n < kN; ++n) sum[n] = fma(query, Vec::all(keys[n * kHeadSize + d]), sum[n]);
  }
  CHATTERBOX_UNROLL
  for (int n = 0; n < kN; ++n) sum[n].store(p + n * kWidth);
}

// out = out * rescale + p values
inline void mix_values(QueryLanes& lanes, int64_t count, Vec rescale) {
  for (int64_t d = 0; d < kHeadSize; d += kSums) {
    Vec sum[kSums];
    CHATTERBOX_UNROLL
    for (int j = 0; j < kSums; ++j) sum[j] = Vec::load(lanes.out + (d + j) * kWidth) * rescale;
    for (int64_t t = 0; t < count; ++t) {
      const Vec p = Vec::load(lanes.p + t * kWidth);
      const float* value = lanes.values + t * kHeadSize + d;
      CHATTERBOX_UNROLL
      for (int j = 0; j < kSums; ++j) sum[j] = fma(p, Vec::all(value[j]), sum[j]);
    }
    CHATTERBOX_UNROLL
    for (int j = 0; j < kSums; ++j) sum[j].store(lanes.out + (d + j) * kWidth);
  }
}

// Leaves the sums in lanes.out, and returns what they are divided by.
inline Vec attend_lanes(const BlockAttentionArgs& args, QueryLanes& lanes) {
  Vec total = Vec::all(0.0f);
  Vec highest = Vec::all(-1e30f);
  for (int64_t d = 0; d < kHeadSize; ++d) total.store(lanes.out + d * kWidth);
  const int64_t length = args.before + args.count;
  for (int64_t begin = 0; begin < length; begin += kKeysAtATime) {
    const int64_t count = length - begin < kKeysAtATime ? length - begin : kKeysAtATime;
    widen(args.k_cache + begin * kHeadSize, count, lanes.keys);
    widen(args.v_cache + begin * kHeadSize, count, lanes.values);
    int64_t t = 0;
    for (; t + kSums <= count; t += kSums) {
      score_keys<kSums>(lanes.q, lanes.keys + t * kHeadSize, lanes.p + t * kWidth);
    }
    for (; t < count; ++t) {
      score_keys<1>(lanes.q, lanes.keys + t * kHeadSize, lanes.p + t * kWidth);
    }
    Vec high = highest;
    for (t = 0; t < count; ++t) high = max(Vec::load(lanes.p + t * kWidth), high);
    const Vec rescale = exp(highest - high);
    highest = high;
    total = total * rescale;
    for (t = 0; t < count; ++t) {
      const Vec p = exp(Vec::load(lanes.p + t * kWidth) - highest);
      p.store(lanes.p + t * kWidth);
      total = total + p;
    }
    mix_values(lanes, count, rescale);
  }
  return total;
}

// Of a head's first position, or null where nothing is rotated.
inline const float* angles_at(const float* angles, int64_t position) {
  return angles == nullptr ? nullptr : angles + position * (kHeadSize / 2);
}

void block_attention(const BlockAttentionArgs& args) {
  constexpr float kScale = 0.125f;  // 1 / sqrt(64)
  float head[kHeadSize];
  const auto rotated = [&](const float* x, int64_t i) {
    rotate(x + i * args.stride, angles_at(args.cos, i), angles_at(args.sin, i), head);
  };
  for (int64_t i = 0; i < args.count; ++i) {
    rotated(args.k, i);
    const int64_t to = (args.before + i) * kHeadSize;
    for (int64_t d = 0; d < kHeadSize; ++d) {
      args.k_cache[to + d] = to_bf16(head[d]);
      args.v_cache[to + d] = to_bf16(args.v[i * args.stride + d]);
    }
  }
  QueryLanes lanes;
  for (int64_t first = 0; first < args.count; first += kWidth) {
    const int64_t used = args.count - first < kWidth ? args.count - first : kWidth;
    for (int64_t r = 0; r < kWidth; ++r) {  // lanes that are left repeat the last query
      rotated(args.q, first + (r < used ? r : used - 1));
      for (int64_t d = 0; d < kHeadSize; ++d) lanes.q[d * kWidth + r] = head[d] * kScale;
    }
    const Vec share = Vec::all(1.0f) / attend_lanes(args, lanes);
    for (int64_t d = 0; d < kHeadSize; ++d) {
      (Vec::load(lanes.out + d * kWidth) * share).store(lanes.out + d * kWidth);
    }
    for (int64_t r = 0; r < used; ++r) {
      float* to = args.out + (first + r) * args.stride;
      for (int64_t d = 0; d < kHeadSize; ++d) to[d] = lanes.out[d * kWidth + r];
    }
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
