// The decode loop of the family without guidance: one row, a prompt of up to 375 tokens, top-k.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "nn/linear.h"
#include "refusal.h"
#include "support/status.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using testing::CollectedTensors;
using testing::refusal;

class TurboTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = testing::load_tiny("t3_turbo_v1"); }
  static void TearDownTestSuite() { model_.reset(); }

  // Requests that differ in everything a request has.
  [[nodiscard]] SequenceOptions request(int index) const {
    SequenceOptions options = golden_.options;
    options.voice = index % 3 == 0 ? &other_voice_ : &golden_.voice;
    options.text_ids.clear();
    for (int64_t i = 0; i < 1 + 9 * index; ++i) {
      options.text_ids.push_back((i * 3001 + index) % 50276);
    }
    options.sampling.temperature =
        index % 5 == 4 ? 0.0F : 0.6F + 0.1F * static_cast<float>(index % 4);
    options.sampling.top_k = index % 4 == 0 ? 0 : 5 * index;
    options.sampling.top_p = index % 2 == 0 ? 1.0F : 0.8F;
    options.max_new_tokens = 8 + index;
    options.seed = static_cast<uint64_t>(index);
    return options;
  }

  static std::shared_ptr<const Model> model_;
  const c10::InferenceMode inference_mode_;
  const testing::GoldenSequence golden_{testing::Golden("turbo_tiny_default")};
  const voice::Conditionals other_voice_ = [this] {
    voice::Conditionals voice = golden_.voice;
    voice.prompt_tokens = {5, 6, 7};
    return voice;
  }();
};

std::shared_ptr<const Model> TurboTest::model_;

std::vector<int64_t> run_to_end(Decoder& decoder, int64_t id) {
  while (!decoder.finished(id)) decoder.step();
  return decoder.generation(id).tokens;
}

// More rows than the kernels take at a time; requests join at other steps than their neighbours.
TEST_F(TurboTest, SequenceAmongOthersGivesTheBitsOfTheSequenceAlone) {
  constexpr size_t kCount = nn::kMaxKernelRows + 3;
  std::vector<CollectedTensors> together(kCount), alone(kCount);
  Decoder decoder(model_, kCount, 800);
  std::vector<int64_t> ids;
  for (size_t i = 0; i < kCount; ++i) {
    ids.push_back(decoder.start(request(static_cast<int>(i)), together[i].sink()));
    if (i % 16 == 15) decoder.step();
  }
  for (size_t i = 0; i < kCount; ++i) {
    const std::vector<int64_t> tokens = run_to_end(decoder, ids[i]);
    Decoder single(model_, 1, 800);
    EXPECT_EQ(tokens,
              run_to_end(single, single.start(request(static_cast<int>(i)), alone[i].sink())))
        << i;
    EXPECT_GE(tokens.size(), 3U) << i;
    for (const char* logits : {"t3.logits0", "t3.logits1", "t3.logits2"}) {
      EXPECT_TRUE(at::equal(together[i].tensor(logits), alone[i].tensor(logits))) << i << logits;
    }
  }
}

// Of the golden, in which top_k 1 makes a draw the best one.
TEST_F(TurboTest, GreedyIsTheBestToken) {
  const testing::Golden golden("turbo_tiny_greedy");
  testing::GoldenSequence sequence(golden);
  sequence.options.sampling.temperature = 0;
  sequence.options.sampling.repetition_penalty = 1;
  sequence.options.sampling.top_k = 0;
  sequence.options.seed = 77;
  Decoder decoder(model_, 1, 400);
  EXPECT_EQ(run_to_end(decoder, decoder.start(sequence.options)),
            testing::values<int64_t>(golden.tensor("t3.tokens")));
}

TEST_F(TurboTest, LimitsAreThoseOfTheTables) {
  const Limits l = limits(*model_);
  EXPECT_EQ(l.text_vocabulary, 50276);
  EXPECT_EQ(l.speech_vocabulary, 6563);
  EXPECT_EQ(l.prompt_tokens, 375);
  EXPECT_EQ(l.conditioning_positions, 376);
  EXPECT_EQ(l.text_framing, 0);
  EXPECT_EQ(l.starts_of_speech, 1);
  EXPECT_EQ(l.max_positions, 8196);
  EXPECT_EQ(l.max_text_tokens, 8196 - 376 - 1 - 1);
  EXPECT_EQ(l.max_speech_tokens, 8196 - 376 - 1 - 1);
  EXPECT_FALSE(l.guided());
  EXPECT_EQ(l.uncounted_tokens(), 1);
  EXPECT_EQ(l.positions_needed(10, 100), 376 + 10 + 1 + 100);
  EXPECT_EQ(l.kv_bytes_per_position, 2 * 3 * 128 * 4);  // k and v of three layers
}

TEST_F(TurboTest, RefusesWhatDoesNotFit) {
  Decoder decoder(model_, 1, 400);
  SequenceOptions options = golden_.options;  // 266 positions of conditioning
  options.text_ids.assign(34, 1);
  options.max_new_tokens = 100;  // 266 + 34 + 1 + 100
  const auto start = [&] { static_cast<void>(decoder.start(options)); };
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "the sequence needs 401 positions, the cache has 400");
  options.max_new_tokens = 7818;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "the sequence needs 8119 positions, the cache has 400");
  options.text_ids.assign(112, 1);
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "the sequence needs 8197 positions, the model has 8196");
  options.max_new_tokens = 7819;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "max_new_tokens must be in [1, 7818], got 7819");
  options.text_ids.assign(7819, 1);
  EXPECT_EQ(refusal(start, Status::kInvalidArgument), "text has 7819 tokens, the limit is 7818");
  options.text_ids = {50276};
  options.max_new_tokens = 10;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "a text token must be in [0, 50276), got 50276");
  voice::Conditionals voice = golden_.voice;
  options.text_ids = {1};
  options.voice = &voice;
  voice.prompt_tokens.assign(376, 1);
  EXPECT_EQ(refusal(start, Status::kBadVoice),
            "the voice must have 1 to 375 prompt tokens, got 376");
  voice.prompt_tokens = {6563};
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "a prompt token of the voice must be in [0, 6563), got 6563");

  // Nothing was leaked, and the 400 positions are just enough.
  options = golden_.options;
  options.text_ids.assign(34, 1);
  options.max_new_tokens = 99;
  options.sampling.temperature = 0;
  EXPECT_LE(run_to_end(decoder, decoder.start(options)).size(), 100U);
}

TEST_F(TurboTest, RefusesWhatTheFamilyHasNot) {
  Decoder decoder(model_, 2, 400);
  SequenceOptions options = golden_.options;
  options.max_new_tokens = 10;
  const auto start = [&] { static_cast<void>(decoder.start(options)); };
  options.sampling.cfg_weight = 0.5F;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "cfg_weight must be 0 for this model, which has none, got 0.5");
  options.sampling.cfg_weight = 0;
  options.sampling.min_p = 0.25F;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "min_p must be 0 for this model, which has none, got 0.25");
  options.sampling.min_p = 0;
  options.sampling.top_k = -1;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument), "top_k must be 0 or more, got -1");
  options.sampling.top_k = 0;
  options.analyze = AlignmentThresholds();
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "no heads of this model's family align speech and text");
}

}  // namespace
}  // namespace chatterbox::t3
