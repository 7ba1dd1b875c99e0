#include "t3/llama.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "backbone_checks.h"

namespace chatterbox::t3 {
namespace {

using testing::noise;

constexpr int64_t kChannels = testing::kBackboneChannels;
constexpr int64_t kInner = 96;
constexpr int64_t kPositions = 160;

LlamaWeights random_llama(c10::ScalarType type = at::kFloat) {
  uint64_t seed = 100;
  const auto linear = [&](int64_t out, int64_t in) -> nn::Linear {
    const at::Tensor weight = noise({out, in}, ++seed, 1 / std::sqrt(static_cast<double>(in)));
    return nn::make_linear(weight.to(type), {}, {});
  };
  LlamaWeights llama;
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

at::Tensor plain_norm(const at::Tensor& x, const at::Tensor& weight) {
  return x / (x.square().mean(-1, true) + 1e-5).sqrt() * weight;
}

at::Tensor plain_linear(const at::Tensor& x, const nn::Linear& layer) {
  return x.matmul(nn::parts_of(layer).weight.to(at::kDouble).t());
}

at::Tensor rotated(const at::Tensor& x) {
  const at::Tensor angles = at::arange(x.size(1), at::kDouble).unsqueeze(1) *
                            nn::llama3_inverse_frequencies().to(at::kDouble);
  const at::Tensor a = x.narrow(2, 0, 32);
  const at::Tensor b = x.narrow(2, 32, 32);
  return at::cat({a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()}, 2);
}

at::Tensor plain_llama(const LlamaWeights& llama, const at::Tensor& input) {
  using testing::plain_heads;
  at::Tensor x = input.to(at::kDouble);
  for (const LlamaLayer& layer : llama.layers) {
    at::Tensor h = plain_norm(x, layer.input_norm);
    const at::Tensor q = rotated(plain_heads(plain_linear(h, layer.q_proj)));
    const at::Tensor k = rotated(plain_heads(plain_linear(h, layer.k_proj)));
    const at::Tensor v = plain_heads(plain_linear(h, layer.v_proj));
    x = x + plain_linear(testing::plain_causal_attention(q, k, v), layer.o_proj);
    h = plain_norm(x, layer.post_attention_norm);
    const at::Tensor gate = plain_linear(h, layer.gate_proj);
    const at::Tensor silu = gate / (1 + (-gate).exp());
    x = x + plain_linear(silu * plain_linear(h, layer.up_proj), layer.down_proj);
  }
  return plain_norm(x, llama.norm);
}

class LlamaTest : public ::testing::Test {
 protected:
  explicit LlamaTest(c10::ScalarType type = at::kFloat) : weights_(random_llama(type)) {}

  const LlamaWeights weights_;
  const Llama llama_{weights_, kPositions};
  const testing::PlainBackbone plain_ = [this](const at::Tensor& x) {
    return plain_llama(weights_, x);
  };
};

class LlamaBfloat16Test : public LlamaTest {
 protected:
  LlamaBfloat16Test() : LlamaTest(at::kBFloat16) {}
};

TEST_F(LlamaTest, RowsShareABeginning) { testing::check_rows_share_a_beginning(llama_, plain_); }
TEST_F(LlamaTest, ContinuesInChunks) { testing::check_chunks(llama_, plain_); }
TEST_F(LlamaTest, DecodeContinuesEachRowFromItsOwnLength) { testing::check_decode(llama_, plain_); }
TEST_F(LlamaTest, RowOfABatchHasTheBitsOfTheRowAlone) { testing::check_bits_of_a_row(llama_); }
TEST_F(LlamaBfloat16Test, WeightsAndCache) { testing::check_low_precision(llama_, plain_, 5e-2); }
TEST_F(LlamaBfloat16Test, RowOfABatchHasTheBitsOfTheRowAlone) {
  testing::check_bits_of_a_row(llama_, at::kBFloat16);
}

TEST_F(LlamaTest, Int8) {
  LlamaWeights packed = weights_;
  for (LlamaLayer& l : packed.layers) {
    for (nn::Linear* layer :
         {&l.q_proj, &l.k_proj, &l.v_proj, &l.o_proj, &l.gate_proj, &l.up_proj, &l.down_proj}) {
      testing::pack(*layer);
    }
  }
  const Llama llama(packed, kPositions);
  testing::check_low_precision(llama, plain_, 0.15);
  testing::check_bits_of_a_row(llama, at::kBFloat16);
  testing::check_bits_of_a_row(llama);
}

}  // namespace
}  // namespace chatterbox::t3
