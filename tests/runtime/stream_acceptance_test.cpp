// How far streams are from speech that is made in one go, with the demo model: the short form of
// bench/streaming.py, with limits that hold for four sentences on any CPU, whose last bits draw
// other tokens. Distances of mels are shares of the distance between two draws of the flow's noise.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/streamed.h"
#include "support/collected_tensors.h"

namespace chatterbox::runtime {
namespace {

using testing::CollectedTensors;
using testing::cpu_options;
using testing::Machines;
using testing::Streamed;
using testing::streaming;

using Wave = std::vector<float>;

constexpr int64_t kAtJoin = 4;  // frames to either side
const char* const kSentences[] = {
    "The library speaks while it is still thinking of the sentence.",
    "Two old friends walked along the river and talked about the summer.",
    "Please close the window before you leave the house in the evening.",
    "Nobody knew why the small boat had been left at the far side of the lake."};

// Most that is allowed.
struct Limits {
  double distance, at_joins, worst_join, worst_sentence;
};

struct Spoken {
  Wave wave;
  at::Tensor mel;              // [80, T]
  std::vector<int64_t> joins;  // frames
  int64_t most_beyond = 0;     // frames of a chunk beyond its bound, at most
};

class StreamAcceptance : public ::testing::Test {
 protected:
  // Once for all tests: most of their time.
  static void SetUpTestSuite() { made_ = std::make_unique<Made>(); }
  static void TearDownTestSuite() { made_.reset(); }

  // Speech in one go, and what it is measured by.
  struct Made {
    Made();
    Machines machines{cpu_options("demo")};
    std::vector<Task> tasks;
    std::vector<Spoken> whole;
    std::vector<double> yardstick;
  };
  static double distance(const at::Tensor& a, const at::Tensor& b) {
    return a.sub(b).abs().mean().item<double>();
  }
  static Spoken offline(Machines& machines, Task task, NoiseLayout noise) {
    CollectedTensors collected;
    task.noise = noise;
    task.sink = collected.sink();
    Spoken spoken;
    spoken.wave = machines.speak(task);
    spoken.mel = collected.tensor("s3gen.mel");
    return spoken;
  }
  static Spoken streamed(const Task& task, const StreamPlan& plan) {
    CollectedTensors collected;
    Task one = streaming(task, plan);
    one.sink = collected.sink();
    Streamed stream(made_->machines, one);
    while (!stream.advance()) made_->machines.tokens().step();
    Spoken spoken;
    spoken.wave = stream.wave();
    const int64_t prompt =
        plan.frozen_prompt ? 0 : 2 * static_cast<int64_t>(task.voice->s3gen_tokens.size());
    std::vector<at::Tensor> mels;
    for (size_t i = 0; i < stream.chunks().size(); ++i) {
      mels.push_back(collected.tensor("s3gen.mel" + std::to_string(i)));
      const int64_t computed = collected.tensor("s3gen.mu" + std::to_string(i)).size(0);
      const int64_t bound =
          prompt + 2 * (plan.left_tokens + plan.right_tokens) + mels.back().size(1);
      spoken.most_beyond = std::max(spoken.most_beyond, computed - bound);
      if (i > 0) spoken.joins.push_back(2 * stream.chunks()[i].begin);
    }
    spoken.mel = at::cat(mels, 1);
    return spoken;
  }
  static void expect_within(const StreamPlan& plan, const Limits& limits);

  static std::unique_ptr<Made> made_;
};

std::unique_ptr<StreamAcceptance::Made> StreamAcceptance::made_;

StreamAcceptance::Made::Made() {
  for (size_t i = 0; i < std::size(kSentences); ++i) {
    Task task = machines.speech_task(kSentences[i]);
    task.voice = machines.catalog().named_voice(i % 2 == 0 ? "low" : "high");
    task.seed = i;
    whole.push_back(offline(machines, task, NoiseLayout::kByFrame));
    yardstick.push_back(
        distance(whole.back().mel, offline(machines, task, NoiseLayout::kReference).mel));
    tasks.push_back(std::move(task));
  }
}

StreamPlan growing(int64_t right, bool frozen = false) {
  StreamPlan plan;
  plan.chunks = {12, 25, 50, 100};
  plan.right_tokens = right;
  plan.frozen_prompt = frozen;
  return plan;
}

void StreamAcceptance::expect_within(const StreamPlan& plan, const Limits& limits) {
  double sum = 0, at_joins = 0, seam = 0, whole_seam = 0;
  int64_t joins = 0;
  for (size_t i = 0; i < made_->tasks.size(); ++i) {
    SCOPED_TRACE(kSentences[i]);
    const Spoken one = streamed(made_->tasks[i], plan);
    const Spoken& whole = made_->whole[i];
    EXPECT_EQ(one.wave.size(), whole.wave.size());
    ASSERT_EQ(one.mel.sizes(), whole.mel.sizes());
    EXPECT_EQ(one.most_beyond, 0);
    const double here = distance(one.mel, whole.mel) / made_->yardstick[i];
    EXPECT_LE(here, limits.worst_sentence);
    sum += here;
    for (const int64_t join : one.joins) {
      const auto around = [&](const at::Tensor& mel) {
        return mel.narrow(1, join - kAtJoin, 2 * kAtJoin);
      };
      const double share = distance(around(one.mel), around(whole.mel)) / made_->yardstick[i];
      EXPECT_LE(share, limits.worst_join) << "at frame " << join;
      at_joins += share;
      const auto step = [&](const at::Tensor& mel) {
        return distance(mel.select(1, join), mel.select(1, join - 1));
      };
      seam += step(one.mel);
      whole_seam += step(whole.mel);
      ++joins;
    }
  }
  ASSERT_GE(joins, 8);
  EXPECT_LE(sum / static_cast<double>(made_->tasks.size()), limits.distance);
  EXPECT_LE(at_joins / static_cast<double>(joins), limits.at_joins);
  EXPECT_LE(seam, 1.10 * whole_seam);
}

TEST_F(StreamAcceptance, OneChunkHasTheBitsOfTheWhole) {
  StreamPlan plan;
  plan.chunks = {4096};
  for (size_t i = 0; i < made_->tasks.size(); ++i) {
    EXPECT_EQ(streamed(made_->tasks[i], plan).wave, made_->whole[i].wave) << kSentences[i];
  }
}

TEST_F(StreamAcceptance, OfTheDefaultPlan) {
  StreamPlan plan;
  plan.chunks = {25, 50, 100};
  plan.right_tokens = 6;
  expect_within(plan, {0.09, 0.12, 0.27, 0.18});
}

TEST_F(StreamAcceptance, OfGrowingChunks) { expect_within(growing(3), {0.09, 0.12, 0.27, 0.18}); }

TEST_F(StreamAcceptance, OfMoreToTheRight) {
  expect_within(growing(13), {0.075, 0.09, 0.27, 0.18});
}

TEST_F(StreamAcceptance, OfAFrozenPrompt) {
  expect_within(growing(3, true), {0.11, 0.13, 0.27, 0.18});
}

TEST_F(StreamAcceptance, OfShortChunks) {
  StreamPlan plan = growing(3);
  plan.chunks = {25};
  expect_within(plan, {0.11, 0.13, 0.35, 0.18});
}

}  // namespace
}  // namespace chatterbox::runtime
