// A voice's prompt that is computed without what follows it, and kept: what follows is then what it
// would be beside a prompt that sees itself alone.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "s3gen/flow.h"
#include "support/failure_of.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;
using testing::seeded;
using testing::values;

constexpr int64_t kPrompt = 44, kSpeech = 70;  // frames

struct Kind {
  const char* model;
  at::ScalarType type;
};

std::string name_of(const Kind& kind) {
  return std::string(kind.model) + (kind.type == at::kFloat ? "Fp32" : "Bf16");
}

const std::vector<Kind> kKinds = {{"s3gen", at::kFloat},
                                  {"s3gen", at::kBFloat16},
                                  {"s3gen_meanflow", at::kFloat},
                                  {"s3gen_meanflow", at::kBFloat16}};

nn::WeightReader reader_of(const Kind& kind) {
  return {testing::make_synthetic(kind.model, testing::SyntheticSize::kTiny),
          {at::kCPU, kind.type}};
}

Estimator estimator_of(const Kind& kind) {
  return read_estimator(reader_of(kind).scope("flow").scope("decoder").scope("estimator"));
}

FlowConditions narrowed(const FlowConditions& all, int64_t first, int64_t count) {
  return {all.mu.narrow(1, first, count), all.speaker, all.prompt.narrow(1, first, count),
          make_frame_mask({count}, c10::kCPU)};
}

// 0, or -inf where a frame of the prompt would see one of the speech. [1, 1, T, T]
at::Tensor prompt_mask() {
  at::Tensor mask = at::zeros({1, 1, kPrompt + kSpeech, kPrompt + kSpeech});
  mask.narrow(2, 0, kPrompt)
      .narrow(3, kPrompt, kSpeech)
      .fill_(-std::numeric_limits<float>::infinity());
  return mask;
}

class FrozenEstimator : public ::testing::TestWithParam<Kind> {
 protected:
  FrozenEstimator()
      : conditions_{noise({1, kPrompt + kSpeech, 80}, 1), noise({1, 80}, 2),
                    noise({1, kPrompt + kSpeech, 80}, 3),
                    make_frame_mask({kPrompt + kSpeech}, c10::kCPU)} {}

  // In fp32, of all frames, by libtorch's attention.
  [[nodiscard]] at::Tensor masked() const {
    const Estimator estimator = estimator_of({GetParam().model, at::kFloat});
    EstimatorPlan whole = plan(estimator, conditions_, times_);
    whole.padding = prompt_mask();
    return estimate(estimator, whole, 0, x_);
  }

  const at::Tensor times_ = at::tensor({0.25F, 1.0F});
  const at::Tensor x_ = noise({1, kPrompt + kSpeech, 80}, 4);
  const FlowConditions conditions_;
};

TEST_P(FrozenEstimator, IsTheOneWhosePromptSeesItselfAlone) {
  const Estimator estimator = estimator_of(GetParam());
  PromptStates states;
  states.steps.resize(1);
  const EstimatorPlan of_prompt = plan(estimator, narrowed(conditions_, 0, kPrompt), times_,
                                       FrameHistory::keeping(states.fixed));
  const at::Tensor prompt = estimate(estimator, of_prompt, 0, x_.narrow(1, 0, kPrompt),
                                     FrameHistory::keeping(states.steps[0]));
  const EstimatorPlan of_speech = plan(estimator, narrowed(conditions_, kPrompt, kSpeech), times_,
                                       FrameHistory::after(states.fixed, kPrompt));
  const at::Tensor speech = estimate(estimator, of_speech, 0, x_.narrow(1, kPrompt, kSpeech),
                                     FrameHistory::after(states.steps[0], kPrompt));
  const at::Tensor both = at::cat({prompt, speech}, 2), expected = masked();
  ASSERT_EQ(both.sizes(), expected.sizes());
  const double allowed = GetParam().type == at::kFloat ? 1e-5 : 3e-2;  // relative
  for (const int64_t at : {kPrompt, kPrompt + 2, kPrompt + kSpeech}) {
    EXPECT_LE((both - expected).narrow(2, 0, at).norm().item<double>(),
              allowed * expected.narrow(2, 0, at).norm().item<double>())
        << at;
  }
  EXPECT_EQ(states.bytes(),
            fixed_state_bytes(estimator) + state_bytes(estimator, kPrompt, !meanflow(estimator)));
}

INSTANTIATE_TEST_SUITE_P(Models, FrozenEstimator, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return name_of(kind.param); });

class FrozenPrompt : public ::testing::TestWithParam<Kind> {
 protected:
  FrozenPrompt() {
    voice_.s3gen_tokens = some_tokens(kPrompt / 2, 1);
    voice_.s3gen_mel = values<float>(noise({kPrompt, 80}, 2));
    voice_.x_vector = values<float>(noise({192}, 3));
  }
  static std::vector<int64_t> some_tokens(int64_t count, uint64_t seed) {
    return values<int64_t>(at::randint(6561, {count}, seeded(seed), at::kLong));
  }
  [[nodiscard]] FlowOptions options() const { return {3, meanflow(*flow_) ? 0 : 2, {}}; }
  [[nodiscard]] at::Tensor mel(const PromptStates* prompt, FlowPart part = {}) const {
    FlowRow row{{tokens_.begin() + part.first, tokens_.end()}, &voice_, {}, {}, 9, std::move(part)};
    row.prompt = prompt;
    std::vector<FlowRow> rows = {std::move(row)};
    return tokens_to_mel(*flow_, rows, options()).front();
  }

  const std::shared_ptr<const Flow> flow_ = load_flow(reader_of(GetParam()));
  const std::vector<int64_t> tokens_ = some_tokens(40, 4);
  voice::Conditionals voice_;
};

TEST_P(FrozenPrompt, TakesTheBytesThatItIsSaidToTake) {
  EXPECT_EQ(freeze_prompt(*flow_, voice_, options()).bytes(),
            prompt_bytes(*flow_, voice_, options()));
}

TEST_P(FrozenPrompt, HasTheSameBitsWheneverItIsMadeAndByAnyThreads) {
  const int threads = at::get_num_threads();
  const PromptStates prompt = freeze_prompt(*flow_, voice_, options());
  const at::Tensor expected = mel(&prompt);
  for (const int count : {1, 3}) {
    at::set_num_threads(count);
    const PromptStates again = freeze_prompt(*flow_, voice_, options());
    EXPECT_TRUE(at::equal(mel(&again), expected)) << count << " threads";
  }
  at::set_num_threads(threads);
}

// Nearer to the recomputed one than another seed is, in all of the utterance and in a part of it.
TEST_P(FrozenPrompt, IsNearTheRecomputed) {
  const PromptStates prompt = freeze_prompt(*flow_, voice_, options());
  for (const FlowPart& part : {FlowPart{}, FlowPart{10, 10, 20, true, {}}}) {
    const at::Tensor recomputed = mel(nullptr, part), frozen = mel(&prompt, part);
    ASSERT_EQ(frozen.sizes(), recomputed.sizes());
    const auto distance = [&](const at::Tensor& x) {
      return x.sub(recomputed).abs().mean().item<double>();
    };
    EXPECT_GT(distance(frozen), 0);
    EXPECT_LT(distance(frozen), distance(recomputed.flip(1)) / 2);
  }
}

// A voice may have a frame more than its tokens: it is a condition, and no part of the prompt.
TEST_P(FrozenPrompt, AFrameMoreOfTheVoiceShortensTheFirstChunk) {
  voice_.s3gen_mel = values<float>(noise({kPrompt + 1, 80}, 2));
  const PromptStates prompt = freeze_prompt(*flow_, voice_, options());
  EXPECT_EQ(prompt.frames, kPrompt);
  EXPECT_EQ(mel(&prompt).size(1), 79);
  EXPECT_EQ(mel(&prompt, {10, 10, 20, true, {}}).size(1), 20);
}

TEST_P(FrozenPrompt, OfAnotherVoiceIsAnError) {
  const PromptStates prompt = freeze_prompt(*flow_, voice_, options());
  voice_.s3gen_tokens.pop_back();
  EXPECT_EQ(testing::failure_of([&] { (void)mel(&prompt); }).status, Status::kInternal);
}

INSTANTIATE_TEST_SUITE_P(Models, FrozenPrompt, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return name_of(kind.param); });

}  // namespace
}  // namespace chatterbox::s3gen
