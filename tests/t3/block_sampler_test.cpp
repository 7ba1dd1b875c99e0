#include "t3/block_sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "refusal.h"
#include "support/tensors.h"

namespace chatterbox::t3 {
namespace {

using testing::seeded;

// The same ids, and as many random numbers: the next are the same, too.
TEST(BlockSampler, DrawsAsTorch) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const int64_t rows = 1 + static_cast<int64_t>(seed % 17);
    const int64_t count = seed % 3 == 0 ? 8194 : 1 + static_cast<int64_t>(seed * 7 % 100);
    const double sharpness = static_cast<double>(seed % 10) * 3;  // even, to one id alone
    const at::Tensor probabilities =
        at::softmax(testing::noise({rows, count}, seed).mul_(sharpness), -1);
    const at::Generator own = seeded(seed), torchs = seeded(seed);
    const at::Tensor expected =
        at::multinomial(probabilities, 1, /*replacement=*/false, torchs).squeeze(1);
    ASSERT_TRUE(at::equal(draw_each(probabilities, own), expected));
    EXPECT_TRUE(at::equal(at::rand({4}, own, at::TensorOptions(at::kFloat)),
                          at::rand({4}, torchs, at::TensorOptions(at::kFloat))));
  }
}

// An id that is impossible is never drawn.
TEST(BlockSampler, DrawsWhatIsPossible) {
  at::Tensor probabilities = at::zeros({50, 100});
  probabilities.select(1, 37).fill_(1);
  EXPECT_TRUE(draw_each(probabilities, seeded(1)).eq(37).all().item<bool>());
}

TEST(BlockSampler, WhatIsNotFiniteIsRefused) {
  const at::Tensor probabilities = at::full({2, 5}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(testing::refusal([&] { (void)draw_each(probabilities, seeded(1)); }, Status::kInternal),
            "the probabilities of a token are not finite");
}

}  // namespace
}  // namespace chatterbox::t3
