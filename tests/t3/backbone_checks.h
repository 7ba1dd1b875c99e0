// What every backbone must do, against the whole sequence at once in plain double precision.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "nn/linear_parts.h"
#include "support/tensors.h"
#include "t3/backbone.h"

namespace chatterbox::testing {

// x [T, C] -> hidden states [T, C], double
using PlainBackbone = std::function<at::Tensor(const at::Tensor&)>;

constexpr int64_t kBackboneChannels = 128;  // two heads

inline t3::BatchKVCache cache_of(const t3::Backbone& backbone, int64_t rows,
                                 c10::ScalarType type = at::kFloat) {
  return {backbone.layers(), backbone.heads(), rows, backbone.positions(), {c10::kCPU, type}};
}

// [H, 64] heads, causal softmax(q k^T / 8) v; q, k, v [H, T, 64] -> [T, C]
inline at::Tensor plain_causal_attention(const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  const int64_t length = q.size(1);
  const at::Tensor future = at::ones({length, length}, at::kBool).triu(1);
  const at::Tensor scores = (q.matmul(k.transpose(1, 2)) / 8).masked_fill(future, -INFINITY);
  return scores.softmax(-1).matmul(v).transpose(0, 1).flatten(1);
}

// x [T, C] -> [H, T, 64]
inline at::Tensor plain_heads(const at::Tensor& x) {
  return x.view({x.size(0), -1, 64}).transpose(0, 1);
}

// A common beginning goes through once; two ends of other lengths in one pass.
inline void check_rows_share_a_beginning(const t3::Backbone& backbone, const PlainBackbone& plain) {
  t3::BatchKVCache cache = cache_of(backbone, 4);
  const at::Tensor shared = noise({9, kBackboneChannels}, 1);
  const at::Tensor long_end = noise({14, kBackboneChannels}, 2);
  const at::Tensor short_end = noise({3, kBackboneChannels}, 3);
  backbone.fill(shared, {{3, 9}}, cache);
  cache.copy_row(1, cache, 3, 9);
  const at::Tensor hidden =
      backbone.extend(at::cat({long_end, short_end}), {{3, 14}, {1, 3}}, cache);
  ASSERT_EQ(hidden.sizes(), (c10::IntArrayRef{2, kBackboneChannels}));
  EXPECT_LE(max_abs(hidden[0], plain(at::cat({shared, long_end}))[22]), 1e-5);
  EXPECT_LE(max_abs(hidden[1], plain(at::cat({shared, short_end}))[11]), 1e-5);
  EXPECT_EQ(cache.length(3), 23);
  EXPECT_EQ(cache.length(1), 12);
  EXPECT_EQ(cache.length(0), 0);
}

// In chunks from 1 to 40 positions, on both sides of what the kernels take at a time.
inline void check_chunks(const t3::Backbone& backbone, const PlainBackbone& plain) {
  const at::Tensor x = noise({115, kBackboneChannels}, 4);
  const at::Tensor expected = plain(x);
  t3::BatchKVCache cache = cache_of(backbone, 1);
  for (const int64_t count : {3, 40, 1, 32, 39}) {
    const int64_t before = cache.length(0);
    const at::Tensor hidden = backbone.extend(x.narrow(0, before, count), {{0, count}}, cache);
    EXPECT_LE(max_abs(hidden[0], expected[before + count - 1]), 1e-5) << before;
  }
}

// Three sequences of other lengths, 70 steps: past the 64 positions that the kernels take at a
// time.
inline void check_decode(const t3::Backbone& backbone, const PlainBackbone& plain) {
  t3::BatchKVCache cache = cache_of(backbone, 5);
  const std::vector<int64_t> rows = {4, 0, 2};
  std::vector<at::Tensor> inputs, expected;
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto length = static_cast<int64_t>(2 + 40 * r);
    inputs.push_back(noise({length + 70, kBackboneChannels}, 10 + r));
    expected.push_back(plain(inputs[r]));
    backbone.fill(inputs[r].narrow(0, 0, length), {{rows[r], length}}, cache);
  }
  for (int64_t step = 0; step < 70; ++step) {
    std::vector<at::Tensor> x;
    for (size_t r = 0; r < rows.size(); ++r) x.push_back(inputs[r][cache.length(rows[r])]);
    const at::Tensor hidden = backbone.decode(at::stack(x), rows, cache);
    for (size_t r = 0; r < rows.size(); ++r) {
      const int64_t position = cache.length(rows[r]) - 1;
      ASSERT_LE(max_abs(hidden[static_cast<int64_t>(r)], expected[r][position]), 1e-5)
          << "row " << r << ", position " << position;
    }
  }
  EXPECT_EQ(cache.length(4), 72);
  EXPECT_EQ(cache.length(2), 152);
}

// More rows than the kernels take at a time, of two lengths.
inline void check_bits_of_a_row(const t3::Backbone& backbone,
                                c10::ScalarType cache_type = at::kFloat) {
  constexpr int64_t kRows = nn::kMaxKernelRows + 5;
  t3::BatchKVCache cache = cache_of(backbone, kRows, cache_type);
  t3::BatchKVCache single = cache_of(backbone, 1, cache_type);
  const auto fill = [&](int64_t row, int64_t to, t3::BatchKVCache& in) {
    const int64_t length = 7 + row % 2;
    in.set_length(to, 0);
    backbone.fill(noise({length, kBackboneChannels}, 8), {{to, length}}, in);
  };
  std::vector<int64_t> rows;
  for (int64_t r = kRows; r-- > 0;) {
    rows.push_back(r);
    fill(r, r, cache);
  }
  const at::Tensor x = noise({kRows, kBackboneChannels}, 9);
  const at::Tensor together = backbone.decode(x, rows, cache);
  for (int64_t i = 0; i < kRows; ++i) {
    fill(rows[static_cast<size_t>(i)], 0, single);
    const at::Tensor alone = backbone.decode(x.narrow(0, i, 1), {0}, single);
    EXPECT_TRUE(at::equal(alone[0], together[i])) << i;
  }
}

// A linear layer as loading packs it for int8.
inline void pack(nn::Linear& layer) {
  const nn::LinearParts& parts = nn::parts_of(layer);
  layer = nn::make_linear(parts.weight, parts.bias, {c10::kCPU, c10::kBFloat16, true});
}

// Weights of fewer bits, or a bfloat16 cache. Hidden states are about 1; `tolerance`: of the
// largest difference.
inline void check_low_precision(const t3::Backbone& backbone, const PlainBackbone& plain,
                                double tolerance) {
  t3::BatchKVCache cache = cache_of(backbone, 1, at::kBFloat16);
  const at::Tensor x = noise({60, kBackboneChannels}, 4);
  const at::Tensor expected = plain(x);
  at::Tensor hidden = backbone.extend(x.narrow(0, 0, 25), {{0, 25}}, cache);
  EXPECT_LE(max_abs(hidden[0], expected[24]), tolerance);
  for (int64_t i = 25; i < 60; ++i) {
    hidden = backbone.decode(x.narrow(0, i, 1), {0}, cache);
    ASSERT_LE(max_abs(hidden[0], expected[i]), tolerance) << i;
  }
}

}  // namespace chatterbox::testing
