// Random numbers ahead of their draws: torch.multinomial's, and the generator as it is behind them.
#include "t3/draws_ahead.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "support/tensors.h"
#include "t3/sampler.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kVocabulary = 8194;

at::Tensor probabilities(uint64_t seed) {
  return at::softmax(testing::noise({kVocabulary}, seed, 3), -1);
}

int64_t next_number(at::Generator generator) {
  return at::randint(1 << 30, {1}, std::move(generator), at::TensorOptions(at::kLong))
      .item<int64_t>();
}

int64_t draw_ahead(DrawsAhead& draws, const at::Tensor& p) {
  const at::Tensor uniform =
      at::from_blob(const_cast<double*>(draws.next()), {kVocabulary}, at::kDouble);
  const at::Tensor exponentials = -at::log1p(-uniform);
  const auto token = at::argmax(p / exponentials.to(at::kFloat)).item<int64_t>();
  draws.advance();
  return token;
}

TEST(DrawsAhead, DrawAsTorchMultinomial) {
  const c10::InferenceMode inference_mode;
  const at::Generator generator = testing::seeded(5);
  DrawsAhead draws(testing::seeded(5), kVocabulary);
  for (uint64_t i = 0; i < 8; ++i) {
    const at::Tensor p = probabilities(i);
    EXPECT_EQ(draw_ahead(draws, p), draw(p, generator)) << i;
    if (i % 2 == 0) draws.prepare();
  }
}

TEST(DrawsAhead, KnowsTheGeneratorBehindThem) {
  const c10::InferenceMode inference_mode;
  const at::Generator generator = testing::seeded(7);
  DrawsAhead draws(testing::seeded(7), kVocabulary);
  for (uint64_t i = 0; i < 5; ++i) static_cast<void>(draw_ahead(draws, probabilities(i)));
  draws.prepare();
  for (int64_t known = 0; known < 5; ++known) {  // of six that were made
    EXPECT_EQ(next_number(draws.after(known).clone()), next_number(generator.clone())) << known;
    static_cast<void>(draw(probabilities(static_cast<uint64_t>(known)), generator));
  }
}

TEST(DrawsAhead, MakeNothingForAGreedySequence) {
  DrawsAhead draws(testing::seeded(9), kVocabulary);
  draws.advance();
  EXPECT_EQ(next_number(draws.after(1)), next_number(testing::seeded(9)));
}

}  // namespace
}  // namespace chatterbox::t3
