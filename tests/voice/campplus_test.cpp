#include "voice/campplus.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "voice/tiny_models.h"

namespace chatterbox::voice {
namespace {

class CamPlusTest : public ::testing::Test {
 protected:
  static at::Tensor features(int64_t rows, int64_t frames) {
    auto generator = at::detail::createCPUGenerator(7);
    return at::randn({rows, frames, 80}, generator, at::kFloat);
  }
  CamPlus model_ = load_camplus(testing::tiny_reader("s3gen").scope("speaker_encoder"));
};

TEST_F(CamPlusTest, ARowOfABatchIsTheRowAlone) {
  const at::Tensor all = features(3, 333);  // a last segment of 67
  const at::Tensor together = x_vectors(model_, all);
  ASSERT_EQ(together.sizes(), (std::vector<int64_t>{3, 192}));
  for (int64_t i = 0; i < 3; ++i) {
    const at::Tensor alone = x_vectors(model_, all.narrow(0, i, 1));
    EXPECT_LT((together[i] - alone[0]).abs().max().item<double>(), 1e-5) << i;
  }
  EXPECT_GT((together[0] - together[1]).abs().max().item<double>(), 1e-3);
}

TEST_F(CamPlusTest, ThreeFramesAreEnough) {
  EXPECT_TRUE(x_vectors(model_, features(1, 3)).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace chatterbox::voice
