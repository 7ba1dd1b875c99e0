#include "t3/gpt2.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "backbone_checks.h"

namespace chatterbox::t3 {
namespace {

using testing::noise;

constexpr int64_t kChannels = testing::kBackboneChannels;
constexpr int64_t kInner = 104;
constexpr int64_t kPositions = 160;

Gpt2Weights random_gpt2(c10::ScalarType type = at::kFloat) {
  uint64_t seed = 200;
  const auto linear = [&](int64_t out, int64_t in) -> nn::Linear {
    const at::Tensor weight = noise({out, in}, ++seed, 1 / std::sqrt(static_cast<double>(in)));
    return nn::make_linear(weight.to(type), noise({out}, ++seed, 0.1).to(type), {});
  };
  const auto norm = [&]() -> nn::LayerNorm {
    return {noise({kChannels}, ++seed, 0.1).add_(1), noise({kChannels}, ++seed, 0.1)};
  };
  Gpt2Weights gpt2;
  gpt2.positions = noise({kPositions, kChannels}, ++seed).to(type);
  gpt2.norm = norm();
  for (int i = 0; i < 3; ++i) {
    Gpt2Layer l;
    l.ln_1 = norm();
    l.ln_2 = norm();
    for (nn::Linear* layer : {&l.q, &l.k, &l.v, &l.attn_proj})
      *layer = linear(kChannels, kChannels);
    l.fc = linear(kInner, kChannels);
    l.mlp_proj = linear(kChannels, kInner);
    gpt2.layers.push_back(std::move(l));
  }
  return gpt2;
}

at::Tensor plain_norm(const at::Tensor& x, const nn::LayerNorm& norm) {
  const at::Tensor centred = x - x.mean(-1, true);
  const at::Tensor variance = centred.square().mean(-1, true);
  return centred / (variance + 1e-5).sqrt() * norm.weight + norm.bias;
}

at::Tensor plain_linear(const at::Tensor& x, const nn::Linear& layer) {
  return x.matmul(nn::parts_of(layer).weight.to(at::kDouble).t()) + layer.bias().to(at::kDouble);
}

at::Tensor plain_gpt2(const Gpt2Weights& gpt2, const at::Tensor& input) {
  using testing::plain_heads;
  at::Tensor x = input.to(at::kDouble) + gpt2.positions.narrow(0, 0, input.size(0));
  for (const Gpt2Layer& layer : gpt2.layers) {
    at::Tensor h = plain_norm(x, layer.ln_1);
    const at::Tensor q = plain_heads(plain_linear(h, layer.q));
    const at::Tensor k = plain_heads(plain_linear(h, layer.k));
    const at::Tensor v = plain_heads(plain_linear(h, layer.v));
    x = x + plain_linear(testing::plain_causal_attention(q, k, v), layer.attn_proj);
    h = plain_linear(plain_norm(x, layer.ln_2), layer.fc);
    // gelu_new of transformers
    const at::Tensor gelu =
        h * 0.5 * (1 + (std::sqrt(2 / M_PI) * (h + 0.044715 * h.pow(3))).tanh());
    x = x + plain_linear(gelu, layer.mlp_proj);
  }
  return plain_norm(x, gpt2.norm);
}

class Gpt2Test : public ::testing::Test {
 protected:
  explicit Gpt2Test(c10::ScalarType type = at::kFloat) : weights_(random_gpt2(type)) {}

  const Gpt2Weights weights_;
  const Gpt2 gpt2_{weights_};
  const testing::PlainBackbone plain_ = [this](const at::Tensor& x) {
    return plain_gpt2(weights_, x);
  };
};

class Gpt2Bfloat16Test : public Gpt2Test {
 protected:
  Gpt2Bfloat16Test() : Gpt2Test(at::kBFloat16) {}
};

TEST_F(Gpt2Test, RowsShareABeginning) { testing::check_rows_share_a_beginning(gpt2_, plain_); }
TEST_F(Gpt2Test, ContinuesInChunks) { testing::check_chunks(gpt2_, plain_); }
TEST_F(Gpt2Test, DecodeContinuesEachRowFromItsOwnLength) { testing::check_decode(gpt2_, plain_); }
TEST_F(Gpt2Test, RowOfABatchHasTheBitsOfTheRowAlone) { testing::check_bits_of_a_row(gpt2_); }
TEST_F(Gpt2Bfloat16Test, WeightsAndCache) { testing::check_low_precision(gpt2_, plain_, 5e-2); }
TEST_F(Gpt2Bfloat16Test, RowOfABatchHasTheBitsOfTheRowAlone) {
  testing::check_bits_of_a_row(gpt2_, at::kBFloat16);
}

TEST_F(Gpt2Test, Int8) {
  Gpt2Weights packed = weights_;
  for (Gpt2Layer& l : packed.layers) {
    for (nn::Linear* layer : {&l.q, &l.k, &l.v, &l.attn_proj, &l.fc, &l.mlp_proj}) {
      testing::pack(*layer);
    }
  }
  const Gpt2 gpt2(packed);
  testing::check_low_precision(gpt2, plain_, 0.15);
  testing::check_bits_of_a_row(gpt2, at::kBFloat16);
  testing::check_bits_of_a_row(gpt2);
}

}  // namespace
}  // namespace chatterbox::t3
