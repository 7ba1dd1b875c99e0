// The backbone with its cache against the whole sequence at once, in plain double precision.
#include "t3/llama.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/tensors.h"

namespace chatterbox::t3 {
namespace {

using testing::noise;

constexpr int64_t kChannels = 128;  // two heads
constexpr int64_t kInner = 96;
constexpr int64_t kPositions = 160;

Llama random_llama(c10::ScalarType type = at::kFloat) {
  uint64_t seed = 100;
  const auto linear = [&](int64_t out, int64_t in) -> nn::Linear {
    return {noise({out, in}, ++seed, 1 / std::sqrt(static_cast<double>(in))).to(type), {}};
  };
  Llama llama;
  llama.norm = noise({kChannels}, ++seed, 0.1).add_(1);
  for (int i = 0; i < 3; ++i) {
    LlamaLayer l;
    l.input_norm = noise({kChannels}, ++seed, 0.1).add_(1);
    l.post_attention_norm = noise({kChannels}, ++seed, 0.1).add_(1);
    for (nn::Linear* layer : {&l.q_proj, &l.k_proj, &l.v_proj, &l.o_proj}) {
      *layer = linear(kChannels, kChannels);
    }
    l.gate_proj = linear(kInner, kChannels);
    l.up_proj = linear(kInner, kChannels);
    l.down_proj = linear(kChannels, kInner);
    llama.layers.push_back(std::move(l));
  }
  return llama;
}

// ---- The same, plainly

at::Tensor plain_norm(const at::Tensor& x, const at::Tensor& weight) {
  return x / (x.square().mean(-1, true) + 1e-5).sqrt() * weight;
}

at::Tensor plain_linear(const at::Tensor& x, const nn::Linear& layer) {
  return x.matmul(layer.weight.to(at::kDouble).t());
}

// [T, C] -> [H, T, 64]
at::Tensor heads_of(const at::Tensor& x) {
  return x.view({x.size(0), kChannels / 64, 64}).transpose(0, 1);
}

at::Tensor rotated(const at::Tensor& x) {
  const at::Tensor angles = at::arange(x.size(1), at::kDouble).unsqueeze(1) *
                            nn::llama3_inverse_frequencies().to(at::kDouble);
  const at::Tensor a = x.narrow(2, 0, 32);
  const at::Tensor b = x.narrow(2, 32, 32);
  return at::cat({a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()}, 2);
}

at::Tensor plain_attention(const LlamaLayer& layer, const at::Tensor& x) {
  const at::Tensor q = rotated(heads_of(plain_linear(x, layer.q_proj)));
  const at::Tensor k = rotated(heads_of(plain_linear(x, layer.k_proj)));
  const at::Tensor v = heads_of(plain_linear(x, layer.v_proj));
  const at::Tensor future = at::ones({x.size(0), x.size(0)}, at::kBool).triu(1);
  const at::Tensor scores = (q.matmul(k.transpose(1, 2)) / 8).masked_fill(future, -INFINITY);
  return scores.softmax(-1).matmul(v).transpose(0, 1).reshape(x.sizes());
}

// x [T, C] -> hidden states [T, C]
at::Tensor plain_llama(const Llama& llama, const at::Tensor& input) {
  at::Tensor x = input.to(at::kDouble);
  for (const LlamaLayer& layer : llama.layers) {
    x = x + plain_linear(plain_attention(layer, plain_norm(x, layer.input_norm)), layer.o_proj);
    const at::Tensor h = plain_norm(x, layer.post_attention_norm);
    const at::Tensor gate = plain_linear(h, layer.gate_proj);
    const at::Tensor silu = gate / (1 + (-gate).exp());
    x = x + plain_linear(silu * plain_linear(h, layer.up_proj), layer.down_proj);
  }
  return plain_norm(x, llama.norm);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// ----

class LlamaTest : public ::testing::Test {
 protected:
  BatchKVCache cache_of(int64_t rows, c10::ScalarType type = at::kFloat) const {
    return {static_cast<int64_t>(llama_.layers.size()),
            llama_.heads(),
            rows,
            kPositions,
            {c10::kCPU, type}};
  }

  const Llama llama_ = random_llama();
  const nn::RopeTable rope_ = nn::llama3_rope(kPositions, c10::kCPU);
};

TEST_F(LlamaTest, PrefillSharesTheCommonBeginning) {
  BatchKVCache cache = cache_of(4);
  const at::Tensor shared = noise({9, kChannels}, 1);
  const at::Tensor tails = noise({2, 14, kChannels}, 2);
  const at::Tensor hidden = prefill(llama_, rope_, {shared, tails}, {3, 1}, cache);
  ASSERT_EQ(hidden.sizes(), (c10::IntArrayRef{2, kChannels}));
  for (int64_t r = 0; r < 2; ++r) {
    const at::Tensor expected = plain_llama(llama_, at::cat({shared, tails[r]}));
    EXPECT_LE(difference(hidden[r], expected[22]), 1e-5) << r;
  }
  EXPECT_EQ(cache.length(3), 23);
  EXPECT_EQ(cache.length(1), 23);
  EXPECT_EQ(cache.length(0), 0);
}

// Three sequences of other lengths, 70 steps: past the 64 positions that the kernels take at a
// time.
TEST_F(LlamaTest, DecodeContinuesEachRowFromItsOwnLength) {
  BatchKVCache cache = cache_of(5);
  const std::vector<int64_t> rows = {4, 0, 2};
  std::vector<at::Tensor> inputs;
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto length = static_cast<int64_t>(2 + 40 * r);
    inputs.push_back(noise({length + 70, kChannels}, 10 + r));
    const Prompt prompt{inputs[r].narrow(0, 0, 1), inputs[r].narrow(0, 1, length - 1).unsqueeze(0)};
    static_cast<void>(prefill(llama_, rope_, prompt, {rows[r]}, cache));
  }
  std::vector<at::Tensor> expected;
  for (const at::Tensor& input : inputs) expected.push_back(plain_llama(llama_, input));
  for (int64_t step = 0; step < 70; ++step) {
    std::vector<at::Tensor> x;
    for (size_t r = 0; r < rows.size(); ++r) x.push_back(inputs[r][cache.length(rows[r])]);
    const at::Tensor hidden = decode(llama_, rope_, at::stack(x), rows, cache);
    for (size_t r = 0; r < rows.size(); ++r) {
      const int64_t position = cache.length(rows[r]) - 1;
      ASSERT_LE(difference(hidden[static_cast<int64_t>(r)], expected[r][position]), 1e-5)
          << "row " << r << ", position " << position;
    }
  }
  EXPECT_EQ(cache.length(4), 72);
  EXPECT_EQ(cache.length(2), 152);
}

TEST_F(LlamaTest, PrefillThenDecodeEqualsOneLongerPrefill) {
  BatchKVCache cache = cache_of(2);
  const at::Tensor x = noise({50, kChannels}, 3);
  const auto prompt = [&](int64_t length) -> Prompt {
    return {x.narrow(0, 0, 5), x.narrow(0, 5, length - 5).unsqueeze(0)};
  };
  static_cast<void>(prefill(llama_, rope_, prompt(40), {0}, cache));
  at::Tensor hidden;
  for (int64_t i = 40; i < 50; ++i) hidden = decode(llama_, rope_, x.narrow(0, i, 1), {0}, cache);
  const at::Tensor at_once = prefill(llama_, rope_, prompt(50), {1}, cache);
  EXPECT_LE(difference(hidden, at_once), 1e-5);
  EXPECT_EQ(cache.length(0), cache.length(1));
  for (int64_t layer = 0; layer < 3; ++layer) {
    const auto live = [&](const at::Tensor& all, int64_t row) { return all[row].narrow(1, 0, 50); };
    EXPECT_LE(difference(live(cache.k(layer), 0), live(cache.k(layer), 1)), 1e-5);
    EXPECT_LE(difference(live(cache.v(layer), 0), live(cache.v(layer), 1)), 1e-5);
  }
}

// More rows than the kernels take at a time, of two lengths.
TEST_F(LlamaTest, RowOfABatchHasTheBitsOfTheRowAlone) {
  constexpr int64_t kRows = nn::kMaxKernelRows + 5;
  BatchKVCache cache = cache_of(kRows);
  BatchKVCache single = cache_of(1);
  std::vector<int64_t> rows;
  for (int64_t r = kRows; r-- > 0;) {
    rows.push_back(r);
    const Prompt prompt{noise({3, kChannels}, 7), noise({1, 4 + r % 2, kChannels}, 8)};
    static_cast<void>(prefill(llama_, rope_, prompt, {r}, cache));
  }
  const at::Tensor x = noise({kRows, kChannels}, 9);
  const at::Tensor together = decode(llama_, rope_, x, rows, cache);
  for (int64_t i = 0; i < kRows; ++i) {
    const int64_t row = rows[static_cast<size_t>(i)];
    const Prompt prompt{noise({3, kChannels}, 7), noise({1, 4 + row % 2, kChannels}, 8)};
    static_cast<void>(prefill(llama_, rope_, prompt, {0}, single));
    const at::Tensor alone = decode(llama_, rope_, x.narrow(0, i, 1), {0}, single);
    EXPECT_TRUE(at::equal(alone[0], together[i])) << i;
  }
}

// bfloat16 weights and cache, fp32 arithmetic: off by the rounding of keys and values alone.
TEST_F(LlamaTest, Bfloat16WeightsAndCache) {
  const Llama llama = random_llama(at::kBFloat16);
  BatchKVCache cache = cache_of(1, at::kBFloat16);
  const at::Tensor x = noise({60, kChannels}, 4);
  const Prompt prompt{x.narrow(0, 0, 5), x.narrow(0, 5, 20).unsqueeze(0)};
  at::Tensor hidden = prefill(llama, rope_, prompt, {0}, cache);
  const at::Tensor expected = plain_llama(llama, x);
  EXPECT_LE(difference(hidden[0], expected[24]), 5e-2);  // at_linear rounds activations too
  for (int64_t i = 25; i < 60; ++i) {
    hidden = decode(llama, rope_, x.narrow(0, i, 1), {0}, cache);
    ASSERT_LE(difference(hidden[0], expected[i]), 5e-2) << i;
  }
}

}  // namespace
}  // namespace chatterbox::t3
