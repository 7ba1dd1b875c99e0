#include "t3/unmasking.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

namespace chatterbox::t3 {
namespace {

using Counts = std::vector<int64_t>;

BlockOptions options_of(int64_t passes, double shift, double tau = 0) {
  BlockOptions options;
  options.passes = passes;
  options.schedule_shift = shift;
  options.early_decoding = tau;
  return options;
}

// _omnivoice_unmask_schedule() of chatterbox_flash/model.py.
TEST(Unmasking, ScheduleIsThePackages) {
  EXPECT_EQ(unmasking_schedule(16, options_of(10, 0.5)), (Counts{1, 1, 1, 1, 1, 2, 2, 2, 2, 3}));
  EXPECT_EQ(unmasking_schedule(12, options_of(5, 1)), (Counts{2, 3, 2, 3, 2}));
  EXPECT_EQ(unmasking_schedule(16, options_of(3, 0)), (Counts{5, 5, 6}));
  EXPECT_EQ(unmasking_schedule(16, options_of(1, 0.5)), (Counts{16}));
  EXPECT_EQ(unmasking_schedule(2, options_of(4, 0.5)), (Counts{0, 1, 0, 1}));
  EXPECT_EQ(unmasking_schedule(5, options_of(4, 3)), (Counts{2, 2, 0, 1}));
}

// To the last bit but one, which in torch depends on the CPU. Between two scores it makes no
// difference, and where the rank is a whole number the quantile is the score.
TEST(Unmasking, QuantileIsTorchs) {
  for (int64_t i = 0; i < 2000; ++i) {
    const at::Tensor scores =
        at::rand({1 + i % 33}, at::make_generator<at::CPUGeneratorImpl>(uint64_t(i)), at::kFloat);
    const double share = static_cast<double>(i % 101) / 100;
    const float* first = scores.const_data_ptr<float>();
    EXPECT_FLOAT_EQ(quantile({first, first + scores.numel()}, share),
                    at::quantile(scores, share).item<float>())
        << i;
  }
}

TEST(Unmasking, QuantileOfAWholeRankIsTheScore) {
  std::vector<float> scores;
  for (int i = 0; i < 11; ++i) scores.push_back(std::sqrt(static_cast<float>(i)));
  for (size_t rank = 0; rank < scores.size(); ++rank) {
    EXPECT_EQ(quantile(scores, static_cast<double>(rank) / 10), scores[rank]) << rank;
  }
}

TEST(Unmasking, EarlyCountIsWhatReachesTheQuantile) {
  const std::vector<float> scores = {3, 1, 4, 1.5F, 9, 2, 6};
  EXPECT_EQ(early_count(scores, 0, options_of(10, 0.5, 0)), 0);
  EXPECT_EQ(early_count({}, 0, options_of(10, 0.5, 0.5)), 0);
  EXPECT_EQ(early_count(scores, 0, options_of(10, 0.5, 0.1)), 1);
  EXPECT_EQ(early_count(scores, 4, options_of(10, 0.5, 1)), 4);   // the median and above
  EXPECT_EQ(early_count(scores, 0, options_of(10, 0.5, 50)), 7);  // the quantile of 0
}

TEST(Unmasking, HighestAreInTheirOrderAndTheFirstOfEqualOnes) {
  const std::vector<float> scores = {1, 5, 3, 5, 2};
  EXPECT_EQ(highest(scores, 0), std::vector<size_t>{});
  EXPECT_EQ(highest(scores, 1), (std::vector<size_t>{1}));
  EXPECT_EQ(highest(scores, 3), (std::vector<size_t>{1, 2, 3}));
  EXPECT_EQ(highest(scores, 5), (std::vector<size_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace chatterbox::t3
