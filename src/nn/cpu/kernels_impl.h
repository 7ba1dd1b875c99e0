// The bodies of the kernels over a vector type `Vec`, which the including source defines in its own
// unnamed namespace: everything here has internal linkage, so that code compiled for one
// instruction set can never be linked into another's. For the same reason no standard header with
// inline code is included.
#pragma once

#include "nn/cpu/block_impl.h"
#include "nn/cpu/kernels.h"
#include "nn/cpu/unroll.h"
#include "nn/cpu/vec_math.h"

namespace chatterbox::nn::cpu {
namespace {

inline Bf16 to_bf16(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return 0x7fc0;                   // NaN
  return static_cast<Bf16>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);  // to nearest even
}

inline void store_cache(float value, float* to) { *to = value; }
inline void store_cache(float value, Bf16* to) { *to = to_bf16(value); }

// Calls work(first row, rows, first output, outputs) for blocks of at most 32 x 16.
template <class Work>
inline void for_each_block(int64_t rows, int64_t begin, int64_t end, const Work& work) {
  for (int64_t n = begin; n < end; n += kBlockOutputs) {
    const int64_t outputs = end - n < kBlockOutputs ? end - n : kBlockOutputs;
    for (int64_t r = 0; r < rows; r += kBlockRows) {
      work(r, rows - r < kBlockRows ? rows - r : kBlockRows, n, outputs);
    }
  }
}

template <class W>
void linear(const LinearArgs<W>& args, int64_t begin, int64_t end) {
  float sums[kBlockRows * kBlockOutputs];
  for_each_block(args.x.rows, begin, end,
                 [&](int64_t first, int64_t rows, int64_t n, int64_t outputs) {
                   block(args.x, first, rows, args.weight + n * args.x.size, outputs, sums);
                   for (int64_t r = 0; r < rows; ++r) {
                     float* y = args.y + (first + r) * args.y_stride + n;
                     for (int64_t j = 0; j < outputs; ++j) {
                       float value = sums[r * kBlockOutputs + j];
                       if (args.bias != nullptr) value += args.bias[n + j];
                       y[j] = args.accumulate ? y[j] + value : value;
                     }
                   }
                 });
}

template <class W>
void linear_gelu(const LinearArgs<W>& args, int64_t begin, int64_t end) {
  linear(args, begin, end);
  for (int64_t r = 0; r < args.x.rows; ++r) {
    float* y = args.y + r * args.y_stride;
    for (int64_t n = begin; n < end; n += kWidth) {
      const int64_t left = end - n < kWidth ? end - n : kWidth;
      gelu(Vec::load(y + n, left)).store(y + n, left);
    }
  }
}

template <class W>
void swiglu(const SwigluArgs<W>& args, int64_t begin, int64_t end) {
  float gate[kBlockRows * kBlockOutputs];
  float up[kBlockRows * kBlockOutputs];
  for_each_block(args.x.rows, begin, end,
                 [&](int64_t first, int64_t rows, int64_t n, int64_t outputs) {
                   block(args.x, first, rows, args.gate + n * args.x.size, outputs, gate);
                   block(args.x, first, rows, args.up + n * args.x.size, outputs, up);
                   for (int64_t r = 0; r < rows; ++r) {
                     for (int64_t j = 0; j < outputs; j += kWidth) {
                       const int64_t left = outputs - j < kWidth ? outputs - j : kWidth;
                       const Vec g = Vec::load(gate + r * kBlockOutputs + j, left);
                       const Vec u = Vec::load(up + r * kBlockOutputs + j, left);
                       (silu(g) * u).store(args.y + (first + r) * args.y_stride + n + j, left);
                     }
                   }
                 });
}

// Llama's rotary embedding: pairs (i, i + 32). A copy where there are no angles.
inline void rotate(const float* x, const float* cos, const float* sin, float* y) {
  constexpr int64_t kHalf = kHeadSize / 2;
  if (cos == nullptr) {
    __builtin_memcpy(y, x, kHeadSize * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < kHalf; ++i) {
    y[i] = x[i] * cos[i] - x[i + kHalf] * sin[i];
    y[i + kHalf] = x[i + kHalf] * cos[i] + x[i] * sin[i];
  }
}

template <class C>
inline float dot_head(const Vec* q, const C* k) {
  constexpr int kVecs = static_cast<int>(kHeadSize) / kWidth;
  Vec sum = q[0] * Vec::load(k);
  CHATTERBOX_UNROLL
  for (int i = 1; i < kVecs; ++i) sum = fma(q[i], Vec::load(k + i * kWidth), sum);
  return sum.sum();
}

// Attention of one query, online over blocks of positions. The blocks' bounds are absolute, so the
// result depends on nothing but the query and its prefix.
template <class C>
inline void attend(const float* query, const C* k, const C* v, int64_t length, float* out) {
  constexpr int kVecs = static_cast<int>(kHeadSize) / kWidth;
  constexpr int64_t kBlock = 64;
  constexpr float kScale = 0.125f;  // 1 / sqrt(64)
  Vec q[kVecs], sum[kVecs];
  for (int i = 0; i < kVecs; ++i) {
    q[i] = Vec::load(query + i * kWidth) * Vec::all(kScale);
    sum[i] = Vec::all(0.0f);
  }
  Vec total = Vec::all(0.0f);
  float highest = -1e30f;
  for (int64_t begin = 0; begin < length; begin += kBlock) {
    float p[kBlock];
    const int64_t count = length - begin < kBlock ? length - begin : kBlock;
    float high = highest;
    for (int64_t t = 0; t < count; ++t) {
      p[t] = dot_head(q, k + (begin + t) * kHeadSize);
      high = p[t] > high ? p[t] : high;
    }
    for (int64_t t = count; t < kBlock; ++t) p[t] = -1e30f;
    const Vec rescale = exp(Vec::all(highest - high));
    highest = high;
    total = total * rescale;
    for (Vec& part : sum) part = part * rescale;
    for (int64_t t = 0; t < kBlock; t += kWidth) {
      const Vec weight = exp(Vec::load(p + t) - Vec::all(highest));
      weight.store(p + t);
      total = total + weight;
    }
    for (int64_t t = 0; t < count; ++t) {
      const Vec weight = Vec::all(p[t]);
      CHATTERBOX_UNROLL
      for (int i = 0; i < kVecs; ++i) {
        sum[i] = fma(weight, Vec::load(v + (begin + t) * kHeadSize + i * kWidth), sum[i]);
      }
    }
  }
  const Vec scale = Vec::all(1.0f / total.sum());
  for (int i = 0; i < kVecs; ++i) (sum[i] * scale).store(out + i * kWidth);
}

template <class C>
void attention(const AttentionArgs<C>& args) {
  float q[kHeadSize], k[kHeadSize];
  rotate(args.q, args.cos, args.sin, q);
  rotate(args.k, args.cos, args.sin, k);
  C* k_to = args.k_cache + args.position * kHeadSize;
  C* v_to = args.v_cache + args.position * kHeadSize;
  for (int64_t i = 0; i < kHeadSize; ++i) {
    store_cache(k[i], k_to + i);
    store_cache(args.v[i], v_to + i);
  }
  attend<C>(q, args.k_cache, args.v_cache, args.position + 1, args.out);
}

void rms_norm(const float* x, const float* weight, float eps, int64_t n, float* y) {
  Vec squares = Vec::all(0.0f);
  for (int64_t i = 0; i < n; i += kWidth) {
    const Vec value = Vec::load(x + i, n - i < kWidth ? n - i : kWidth);
    squares = fma(value, value, squares);
  }
  const float scale = 1.0f / __builtin_sqrtf(squares.sum() / static_cast<float>(n) + eps);
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale * weight[i];
}

}  // namespace
}  // namespace chatterbox::nn::cpu
