// What a decode step is expected to work on, beside what it takes.
#include "t3/step_memory.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <iostream>

#include "device/device_memory.h"
#include "device/emulated_kernels.h"
#include "device/stand_in.h"
#include "t3/model.h"
#include "t3/t3_golden.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};
constexpr int64_t kSequences = 4;

class StepMemoryTest : public ::testing::Test {
 protected:
  StepMemoryTest() { use_stand_in(); }

  static std::shared_ptr<const t3::Model> load(const char* file, const nn::Placement& placement) {
    return t3::load_model({tiny_file(file), placement});
  }
  // In the first step of sequences with all filters, which is not recorded. Each row is a sequence.
  static int64_t taken(const std::shared_ptr<const t3::Model>& model, t3::SequenceOptions options,
                       int64_t positions) {
    options.text_ids.assign(130, 17);
    options.max_new_tokens = 10;
    options.sampling.top_p = 0.9F;
    options.sampling.cfg_weight = 0;
    if (!model->limits().guided()) options.sampling.top_k = 100;
    t3::Decoder decoder(model, kSequences, positions);
    for (int64_t i = 0; i < kSequences; ++i) static_cast<void>(decoder.start(options));
    const DeviceMemoryPeak peak;
    decoder.step();
    return peak.bytes();
  }
  // `positions`: what a step has as well. Attention may take what is not seen here: it is one
  // operator.
  static void expect_plausible(const std::shared_ptr<const t3::Model>& model,
                               const t3::SequenceOptions& options, int64_t positions = 256) {
    const t3::StepMemory step = t3::step_memory(*model);
    const int64_t expected = kSequences * (step.row_bytes + positions * step.position_bytes);
    const int64_t taken = StepMemoryTest::taken(model, options, positions);
    std::cout << "[ measured ] " << taken << " bytes, expected " << expected << "\n";
    EXPECT_LE(taken, expected);
    EXPECT_GE(taken, expected / 6);
  }

  const c10::InferenceMode inference_mode_;
};

TEST_F(StepMemoryTest, OfTheLlama) {
  const GoldenSequence english{Golden("en_tiny_default")};
  for (const auto type : {c10::kFloat, c10::kBFloat16}) {
    const auto model = load("t3_cfg", {kDevice, type});
    expect_plausible(model, english.options);
  }
}

TEST_F(StepMemoryTest, OfHeadsThatAreWatched) {
  const GoldenSequence english{Golden("en_tiny_default")};
  const auto model = load("t3_mtl23ls_v2", {kDevice, c10::kFloat});
  t3::SequenceOptions options = english.options;
  options.follow_text = t3::AlignmentHeads{{{2, 1}, {1, 0}, {0, 1}}};
  expect_plausible(model, options);
}

TEST_F(StepMemoryTest, OfGpt2) {
  const GoldenSequence turbo{Golden("turbo_tiny_default")};
  const auto model = load("t3_turbo_v1", {kDevice, c10::kFloat});
  expect_plausible(model, turbo.options, 420);
}

TEST_F(StepMemoryTest, OfOwnKernels) {
  const EmulatedKernels kernels;
  const GoldenSequence english{Golden("en_tiny_default")};
  const auto model = load("t3_cfg", {kDevice, c10::kFloat});
  expect_plausible(model, english.options);
}

TEST_F(StepMemoryTest, NoneOnACpu) {
  const t3::StepMemory step = t3::step_memory(*load("t3_cfg", {c10::kCPU, c10::kFloat}));
  EXPECT_EQ(step.row_bytes, 0);
  EXPECT_EQ(step.position_bytes, 0);
  EXPECT_EQ(step.graph_bytes, 0);
}

}  // namespace
}  // namespace chatterbox::testing
