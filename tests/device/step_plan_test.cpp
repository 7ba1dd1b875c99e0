// What travels to the device for a step, and the kinds of steps there are.
#include "t3/step_plan.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "device/stand_in.h"
#include "support/tensors.h"

namespace chatterbox::testing {
namespace {

using t3::StepKind;
using t3::StepPlan;
using Ids = std::vector<int64_t>;

constexpr int64_t kVocabulary = 5;

class StepPlanTest : public ::testing::Test {
 protected:
  StepPlanTest() { use_stand_in(); }

  static t3::StepInput travel(const StepPlan& plan, const StepKind& kind) {
    const at::Tensor packed = t3::pack(plan, kind, kVocabulary);
    EXPECT_EQ(packed.numel(), t3::packed_size(kind, kVocabulary));
    return t3::unpack(packed.to(c10::kPrivateUse1), kind, kVocabulary);
  }
  template <class T>
  static std::vector<T> all(const at::Tensor& tensor) {
    return values<T>(tensor.cpu());
  }

  const c10::InferenceMode inference_mode_;
};

// Two rows of guidance and one without, filled up to four rows; two sequences stay two.
TEST_F(StepPlanTest, FillsUpWithTheFirst) {
  const std::vector<double> first = {0.1, 0.2, 0.3, 0.4, 0.5}, second = {0.6, 0.7, 0.8, 0.9, 0};
  const t3::AlignmentHeads heads = {{{9, 2}, {3, 11}, {9, 0}}};
  StepPlan plan;
  plan.rows = {{4, 127, 10, 0}, {7, 3, 10, 0}, {0, 16777215, 5, 1}};
  plan.sequences.resize(2);
  plan.sequences[0].conditional = 4;
  plan.sequences[0].unconditional = 7;
  plan.sequences[0].uniform = first.data();
  plan.sequences[0].end = t3::EndOfSpeech::kSuppressed;
  plan.sequences[1].first_row = 2;
  plan.sequences[1].sampling = {0, 0, 0.25F, 0.5F, 1.5F, 12};
  plan.sequences[1].first_draw = true;
  plan.sequences[1].uniform = second.data();
  plan.sequences[1].watched = &heads;
  plan.sequences[1].end = t3::EndOfSpeech::kForced;
  const StepKind kind = t3::kind_of(plan, 8, 1000);
  EXPECT_EQ(kind.rows, 4);
  EXPECT_EQ(kind.sequences, 2);
  EXPECT_EQ(kind.watched, (Ids{3, 9}));
  const t3::StepInput in = travel(plan, kind);
  EXPECT_EQ(all<int64_t>(in.rows), (Ids{4, 7, 0, 4}));
  EXPECT_EQ(all<int64_t>(in.positions), (Ids{127, 3, 16777215, 127}));
  EXPECT_EQ(all<int64_t>(in.places), (Ids{10, 10, 5, 10}));
  EXPECT_EQ(all<int64_t>(in.sequences), (Ids{0, 0, 1, 0}));
  EXPECT_EQ(all<int64_t>(in.conditional), (Ids{4, 0}));
  EXPECT_EQ(all<int64_t>(in.unconditional), (Ids{7, 0}));
  EXPECT_EQ(all<int64_t>(in.first_row), (Ids{0, 2}));
  EXPECT_EQ(all<int64_t>(in.watched[0][1]), (Ids{1, 0, 1}));
  EXPECT_EQ(all<int64_t>(in.watched[1][1]), (Ids{9, 3, 9}));
  EXPECT_EQ(all<int64_t>(in.watched[2][1]), (Ids{2, 11, 0}));
  EXPECT_EQ(all<int64_t>(in.warping.top_k), (Ids{0, 12}));
  EXPECT_EQ(all<float>(in.warping.temperature), (std::vector<float>{0.8F, 1}));
  EXPECT_EQ(all<float>(in.warping.min_p), (std::vector<float>{0.05F, 0.25F}));
  EXPECT_EQ(all<float>(in.warping.top_p), (std::vector<float>{1, 0.5F}));
  EXPECT_EQ(all<float>(in.warping.repetition_penalty), (std::vector<float>{1.2F, 1.5F}));
  EXPECT_EQ(all<float>(in.guidance), (std::vector<float>{0.5F, 0}));
  using Flags = std::vector<bool>;
  const auto flags = [](const at::Tensor& tensor) {
    const at::Tensor cpu = tensor.cpu();
    return Flags{cpu[0].item<bool>(), cpu[1].item<bool>()};
  };
  EXPECT_EQ(flags(in.greedy), (Flags{false, true}));
  EXPECT_EQ(flags(in.first_draw), (Flags{false, true}));
  EXPECT_EQ(flags(in.suppressed), (Flags{true, false}));
  EXPECT_EQ(flags(in.forced), (Flags{false, true}));
  EXPECT_EQ(all<double>(in.uniform[0]), first);
  EXPECT_EQ(all<double>(in.uniform[1]), second);
}

TEST_F(StepPlanTest, KindsAreFew) {
  const auto kind = [](size_t rows, int64_t position, int64_t top_k = 0, int64_t cache = 300) {
    StepPlan plan;
    for (size_t i = 0; i < rows; ++i) plan.rows.push_back({0, position, 0, 0});
    plan.sequences.resize(rows);
    plan.sequences.back().sampling.top_k = top_k;
    return t3::kind_of(plan, 70, cache);
  };
  EXPECT_EQ(kind(1, 0).rows, 1);
  EXPECT_EQ(kind(3, 0).rows, 4);
  EXPECT_EQ(kind(33, 0).sequences, 64);
  EXPECT_EQ(kind(65, 0).rows, 70);  // of the cache
  EXPECT_EQ(kind(65, 0).sequences, 70);
  EXPECT_EQ(kind(1, 127).positions, 128);
  EXPECT_EQ(kind(1, 128).positions, 256);
  EXPECT_EQ(kind(1, 256).positions, 300);  // of the cache
  const auto positions = [&](int64_t longest) { return kind(1, longest - 1, 0, 5000).positions; };
  const std::vector<std::pair<int64_t, int64_t>> filled = {
      {257, 384},   {384, 384},   {385, 512},   {513, 768},   {768, 768},   {769, 1024},
      {1025, 1536}, {1537, 2048}, {2049, 3072}, {3073, 4096}, {4097, 5000},
  };
  for (const auto& [longest, of_kind] : filled) EXPECT_EQ(positions(longest), of_kind);
  EXPECT_EQ(kind(1, 0, 1000).filters.most_top_k, 1024);
  EXPECT_EQ(kind(3, 5).key(), kind(4, 100).key());
  EXPECT_NE(kind(3, 5).key(), kind(4, 5, 1).key());
  EXPECT_NE(kind(3, 5).key(), kind(5, 5).key());
}

}  // namespace
}  // namespace chatterbox::testing
