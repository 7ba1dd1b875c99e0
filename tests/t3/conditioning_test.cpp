#include "t3/conditioning.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nn/linear_parts.h"
#include "support/tensors.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kChannels = 24;  // four heads of 6: the perceiver's are not of 64

at::Tensor random(at::IntArrayRef shape, uint64_t seed) { return testing::noise(shape, seed, 0.3); }

nn::Linear random_linear(int64_t out, int64_t in, uint64_t seed) {
  return nn::make_linear(random({out, in}, seed), random({out}, seed + 1), {});
}

Conditioning random_conditioning() {
  Conditioning c;
  c.speaker = random_linear(kChannels, 256, 1);
  c.emotion = nn::make_linear(random({kChannels, 1}, 3), {}, {});
  c.perceiver.query = random({32, kChannels}, 4);
  c.perceiver.norm.weight = random({kChannels}, 5).add_(1);
  c.perceiver.norm.bias = random({kChannels}, 6);
  c.perceiver.to_q = random_linear(kChannels, kChannels, 7);
  c.perceiver.to_k = random_linear(kChannels, kChannels, 9);
  c.perceiver.to_v = random_linear(kChannels, kChannels, 11);
  c.perceiver.proj_out = random_linear(kChannels, kChannels, 13);
  return c;
}

at::Tensor plain_linear(const at::Tensor& x, const nn::Linear& layer) {
  return x.matmul(nn::parts_of(layer).weight.to(at::kDouble).t()) + layer.bias();
}

at::Tensor plain_norm(const Perceiver& p, const at::Tensor& x) {
  const at::Tensor centred = x - x.mean(-1, true);
  const at::Tensor variance = centred.square().mean(-1, true);
  return centred / (variance + 1e-5).sqrt() * p.norm.weight + p.norm.bias;
}

// Head by head: x + W_o softmax(q k^T / sqrt(6)) v
at::Tensor plain_attend(const Perceiver& p, const at::Tensor& x, const at::Tensor& context) {
  const at::Tensor q = plain_linear(plain_norm(p, x), p.to_q);
  const at::Tensor k = plain_linear(plain_norm(p, context), p.to_k);
  const at::Tensor v = plain_linear(plain_norm(p, context), p.to_v);
  std::vector<at::Tensor> heads;
  for (int64_t begin = 0; begin < kChannels; begin += 6) {
    const auto head = [&](const at::Tensor& all) { return all.narrow(1, begin, 6); };
    const at::Tensor scores = head(q).matmul(head(k).t()) / std::sqrt(6.0);
    heads.push_back(scores.softmax(-1).matmul(head(v)));
  }
  return x + plain_linear(at::cat(heads, 1), p.proj_out);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>();
}

TEST(Perceiver, ReadsThePromptThenItself) {
  const Perceiver p = random_conditioning().perceiver;
  for (const int64_t length : {1, 7, 150}) {
    const at::Tensor prompt = random({length, kChannels}, 20);
    const at::Tensor read = plain_attend(p, p.query.to(at::kDouble), prompt.to(at::kDouble));
    const at::Tensor out = perceive(p, prompt);
    ASSERT_EQ(out.sizes(), (c10::IntArrayRef{32, kChannels}));
    EXPECT_LE(difference(out, plain_attend(p, read, read)), 1e-5) << length;
  }
}

TEST(Conditioning, IsSpeakerPromptAndEmotion) {
  const Conditioning c = random_conditioning();
  const at::Tensor speaker = random({1, 256}, 30);
  const at::Tensor prompt = random({11, kChannels}, 31);
  const at::Tensor all = condition(c, speaker, prompt, 0.75F);
  ASSERT_EQ(all.sizes(), (c10::IntArrayRef{34, kChannels}));
  EXPECT_LE(difference(all[0], plain_linear(speaker.to(at::kDouble), c.speaker)[0]), 1e-5);
  EXPECT_TRUE(at::equal(all.narrow(0, 1, 32), perceive(c.perceiver, prompt)));
  EXPECT_LE(difference(all[33], nn::parts_of(c.emotion).weight.to(at::kDouble).view({-1}) * 0.75),
            1e-7);
  // Only the last position depends on the exaggeration, and 0 is a value.
  const at::Tensor calm = condition(c, speaker, prompt, 0);
  EXPECT_TRUE(at::equal(calm.narrow(0, 0, 33), all.narrow(0, 0, 33)));
  EXPECT_EQ(calm[33].abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace chatterbox::t3
