// Attention of all positions of one head to all, in bfloat16 with an fp32 softmax. Flash-style
// (Dao et al., 2022) over blocks of keys whose bounds are absolute. Included after
// frame_product_impl.h, under its rules.
#pragma once

#include "nn/cpu/frame_product_impl.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr int64_t kKeys = 256;                // of a block
constexpr int64_t kQueries = Unit::kQueries;  // of a block
constexpr int64_t kScoreStride = kKeys + 16;  // rows in different sets of the first cache
constexpr float kNoScore = -1e30F;
// Distances of a block's queries from its keys, from a whole step on.
constexpr int64_t kDistances = kKeys + (kQueries + 2 * kOutputStep - 2) / kOutputStep * kOutputStep;

inline int64_t whole_steps(int64_t length) {
  return (length + kOutputStep - 1) / kOutputStep * kOutputStep;
}

// 16 rows of 16 pairs to 16 columns.
inline void transpose_pairs(__m512i* r) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

// As the weights of a product of depth 64 with a key for each of `outputs`, the first of which is
// the output `ahead`; zeros before and after them.
void pack_keys(const Bf16* k, int64_t stride, int64_t ahead, int64_t length, int64_t outputs,
               Bf16* to) {
  for (int64_t n = 0; n < outputs; n += 16) {
    const int64_t t = n - ahead;
    for (int64_t half = 0; half < kHeadSize; half += 32, to += 512) {
      __m512i rows[16];
      for (int i = 0; i < 16; ++i) {
        rows[i] = t + i >= 0 && t + i < length ? _mm512_loadu_si512(k + (t + i) * stride + half)
                                               : _mm512_setzero_si512();
      }
      transpose_pairs(rows);
      for (int i = 0; i < 16; ++i) _mm512_storeu_si512(to + i * 32, rows[i]);
    }
  }
}

// As the weights of a product of 64 outputs whose depth is the keys; zeros beyond `length`.
void pack_values(const Bf16* v, int64_t stride, int64_t length, Bf16* to) {
  const int64_t depth = whole_steps(length);
  alignas(64) uint16_t low[32], high[32];
  for (uint16_t i = 0; i < 16; ++i) {
    low[2 * i] = i;
    low[2 * i + 1] = static_cast<uint16_t>(32 + i);
    high[2 * i] = static_cast<uint16_t>(16 + i);
    high[2 * i + 1] = static_cast<uint16_t>(48 + i);
  }
  const __m512i low_index = _mm512_load_si512(low), high_index = _mm512_load_si512(high);
  for (int64_t t = 0; t < depth; t += 2) {
    for (int64_t half = 0; half < kHeadSize; half += 32) {
      const Bf16* from = v + t * stride + half;
      const __m512i zero = _mm512_setzero_si512();
      const __m512i even = t < length ? _mm512_loadu_si512(from) : zero;
      const __m512i odd = t + 1 < length ? _mm512_loadu_si512(from + stride) : zero;
      Bf16* panel = to + half * depth + t * 16;
      _mm512_storeu_si512(panel, _mm512_permutex2var_epi16(even, low_index, odd));
      _mm512_storeu_si512(panel + 16 * depth, _mm512_permutex2var_epi16(even, high_index, odd));
    }
  }
}

// A block of queries on its way over the keys.
struct AttentionBlock {
  alignas(64) float scores[kQueries * kScoreStride];
  alignas(64) float by_distance[kQueries * kDistances];
  alignas(64) Bf16 shares[kQueries * kKeys];  // not divided by the total yet
  alignas(64) float out[kQueries * kHeadSize];
  alignas(64) float high[kQueries * 16];  // a row's highest score, by lane
  float highest[kQueries];
  float shrink[kQueries];  // what a new highest score makes of the older sums
  float total[kQueries];
};

inline void begin_block(AttentionBlock& block) {
  for (int64_t i = 0; i < kQueries * kHeadSize; i += 16) {
    _mm512_store_ps(block.out + i, _mm512_setzero_ps());
  }
  for (int64_t r = 0; r < kQueries; ++r) {
    block.highest[r] = kNoScore;
    block.total[r] = 0.0F;
  }
}

// scores = q k^T, and each row's maxima.
inline void score(const Bf16* q, int64_t stride, const Bf16* keys, int64_t valid,
                  AttentionBlock& block) {
  const int64_t columns = whole_steps(valid);
  for (int64_t r = 0; r < kQueries; ++r) {
    _mm512_store_ps(block.high + r * 16, _mm512_set1_ps(kNoScore));
  }
  for (int64_t t = 0; t < columns; t += kOutputStep) {
    const int64_t left = valid - t;
    const auto mask = [left](int64_t from) {
      const int64_t count = left - from;
      return static_cast<__mmask16>(count >= 16 ? 0xffffU : count <= 0 ? 0U : (1U << count) - 1U);
    };
    const __mmask16 low_mask = mask(0), high_mask = mask(16);
    const __m512 none = _mm512_set1_ps(kNoScore);
    for (int64_t first = 0; first < kQueries; first += Unit::kRows) {
      Unit::tile(q + first * stride, stride, keys + t * kHeadSize, kHeadSize, kHeadSize, 1, 0,
                 [&](int r, __m512 low, __m512 high) {
                   low = _mm512_mask_mov_ps(none, low_mask, low);
                   high = _mm512_mask_mov_ps(none, high_mask, high);
                   float* to = block.scores + (first + r) * kScoreStride + t;
                   float* maxima = block.high + (first + r) * 16;
                   _mm512_store_ps(to, low);
                   _mm512_store_ps(to + 16, high);
                   _mm512_store_ps(maxima,
                                   _mm512_max_ps(_mm512_load_ps(maxima), _mm512_max_ps(low, high)));
                 });
    }
  }
}

// Where the distances of a block of queries, the first of which is `query`, from key 0 begin among
// all distances, of which kQueries zeros stand before the first.
inline int64_t first_distance(int64_t length, int64_t query) { return length - query; }

// Adds what q makes of the distances, the first of which is at column `column` of the packed ones.
inline void add_by_distance(const Bf16* q, int64_t stride, const Bf16* distances, int64_t column,
                            int64_t valid, AttentionBlock& block) {
  const int64_t skipped = column % kOutputStep;
  const int64_t columns = whole_steps(skipped + kQueries - 1 + valid);
  const Bf16* panel = distances + (column - skipped) * kHeadSize;
  for (int64_t t = 0; t < columns; t += kOutputStep) {
    for (int64_t first = 0; first < kQueries; first += Unit::kRows) {
      Unit::tile(q + first * stride, stride, panel + t * kHeadSize, kHeadSize, kHeadSize, 1, 0,
                 [&](int r, __m512 low, __m512 high) {
                   float* to = block.by_distance + (first + r) * kDistances + t;
                   _mm512_store_ps(to, low);
                   _mm512_store_ps(to + 16, high);
                 });
    }
  }
  // A query is one further from each key than the query before it.
  for (int64_t r = 0; r < kQueries; ++r) {
    float* scores = block.scores + r * kScoreStride;
    const float* more = block.by_distance + r * kDistances + skipped + kQueries - 1 - r;
    __m512 high = _mm512_set1_ps(kNoScore);
    for (int64_t t = 0; t < valid; t += 16) {
      const int64_t count = valid - t;
      const auto mask = static_cast<__mmask16>(count >= 16 ? 0xffffU : (1U << count) - 1U);
      const __m512 sum =
          _mm512_mask_add_ps(_mm512_load_ps(scores + t), mask, _mm512_load_ps(scores + t),
                             _mm512_maskz_loadu_ps(mask, more + t));
      _mm512_store_ps(scores + t, sum);
      high = _mm512_max_ps(high, sum);
    }
    _mm512_store_ps(block.high + r * 16, high);
  }
}

// Scores to shares in bf16, each 2^(score - highest) in units that make it e^(score / 8).
inline void soften(int64_t valid, AttentionBlock& block) {
  const __m512 scale = _mm512_set1_ps(0.125F * kLog2E);  // 1 / sqrt(64)
  const int64_t columns = whole_steps(valid);
  for (int64_t r = 0; r < kQueries; ++r) {
    const float before = block.highest[r];
    const float here = _mm512_reduce_max_ps(_mm512_load_ps(block.high + r * 16));
    const float highest = here > before ? here : before;
    block.highest[r] = highest;
    const __m512 minus = _mm512_mul_ps(_mm512_set1_ps(-highest), scale);
    const __m512 shrink = exp2(_mm512_fmadd_ps(_mm512_set1_ps(before), scale, minus));
    block.shrink[r] = here > before ? _mm512_cvtss_f32(shrink) : 1.0F;
    const float* scores = block.scores + r * kScoreStride;
    Bf16* shares = block.shares + r * kKeys;
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    for (int64_t t = 0; t < columns; t += 32) {
      const __m512 a = exp2(_mm512_fmadd_ps(_mm512_load_ps(scores + t), scale, minus));
      const __m512 b = exp2(_mm512_fmadd_ps(_mm512_load_ps(scores + t + 16), scale, minus));
      even = _mm512_add_ps(even, a);
      odd = _mm512_add_ps(odd, b);
      _mm512_store_si512(shares + t, pack_bf16(a, b));
    }
    block.total[r] =
        block.total[r] * block.shrink[r] + _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
  }
}

// out = out * shrink + shares values
inline void mix(const Bf16* values, int64_t padded, int64_t valid, AttentionBlock& block) {
  for (int64_t d = 0; d < kHeadSize; d += kOutputStep) {
    for (int64_t first = 0; first < kQueries; first += Unit::kRows) {
      Unit::tile(block.shares + first * kKeys, kKeys, values + d * padded, padded,
                 whole_steps(valid), 1, 0, [&](int r, __m512 low, __m512 high) {
                   float* to = block.out + (first + r) * kHeadSize + d;
                   const __m512 shrink = _mm512_set1_ps(block.shrink[first + r]);
                   _mm512_store_ps(to, _mm512_fmadd_ps(_mm512_load_ps(to), shrink, low));
                   _mm512_store_ps(to + 16, _mm512_fmadd_ps(_mm512_load_ps(to + 16), shrink, high));
                 });
    }
  }
}

inline void finish_block(const AttentionBlock& block, int64_t rows, Bf16* out, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) {
    const __m512 share = _mm512_set1_ps(1.0F / block.total[r]);
    const float* from = block.out + r * kHeadSize;
    for (int64_t d = 0; d < kHeadSize; d += 32) {
      _mm512_storeu_si512(out + r * stride + d,
                          pack_bf16(_mm512_mul_ps(_mm512_load_ps(from + d), share),
                                    _mm512_mul_ps(_mm512_load_ps(from + d + 16), share)));
    }
  }
}

inline int64_t packed_distances(int64_t length) {
  return whole_steps(2 * length + kQueries + 2 * kOutputStep);
}

int64_t attention_scratch(int64_t length, bool with_positions) {
  const int64_t distances = with_positions ? packed_distances(length) : 0;
  return (2 * whole_steps(length) + distances) * kHeadSize;
}

void frame_attention(const FrameAttention& args) {
  [[maybe_unused]] const Unit::Session session;
  const int64_t padded = whole_steps(args.length);
  Bf16* keys = args.scratch;
  Bf16* values = keys + padded * kHeadSize;
  Bf16* distances = values + padded * kHeadSize;
  pack_keys(args.k, args.stride, 0, args.length, padded, keys);
  pack_values(args.v, args.stride, args.length, values);
  if (args.distances != nullptr) {
    pack_keys(args.distances, args.distances_stride, kQueries, 2 * args.length - 1,
              packed_distances(args.length), distances);
  }
  AttentionBlock block;
  for (int64_t first = args.first; first < args.last; first += kQueries) {
    const int64_t left = args.last - first;
    begin_block(block);
    for (int64_t t = 0; t < args.length; t += kKeys) {
      const int64_t valid = args.length - t < kKeys ? args.length - t : kKeys;
      score(args.q + first * args.stride, args.stride, keys + t * kHeadSize, valid, block);
      if (args.distances != nullptr) {
        add_by_distance(args.q_position + first * args.stride, args.stride, distances,
                        first_distance(args.length, first) + t, valid, block);
      }
      soften(valid, block);
      mix(values + t * 16, padded, valid, block);
    }
    finish_block(block, left < kQueries ? left : kQueries, args.out + first * args.out_stride,
                 args.out_stride);
  }
}

}  // namespace
}  // namespace chatterbox::nn::cpu
