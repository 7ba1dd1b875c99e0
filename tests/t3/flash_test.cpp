// The loop of blocks against the reference, pass by pass, and what a batch of sequences keeps.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "flash_golden.h"
#include "nn/linear.h"
#include "refusal.h"
#include "support/status.h"

namespace chatterbox::t3 {
namespace {

using testing::CollectedTensors;
using testing::FlashSequence;
using testing::Golden;
using testing::refusal;

constexpr const char* kGoldens[] = {"flash_tiny_default", "flash_tiny_quantile", "flash_tiny_nocfg",
                                    "flash_tiny_greedy", "flash_tiny_short"};

class FlashTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = testing::load_tiny("t3_flash"); }
  static void TearDownTestSuite() { model_.reset(); }

  // Requests that differ in everything a request has.
  [[nodiscard]] SequenceOptions request(size_t index) const {
    const auto i = static_cast<int64_t>(index);
    SequenceOptions options = golden_.options;
    options.text_ids.assign(static_cast<size_t>(1 + 7 * (i % 5)), 5 + i);
    options.sampling.cfg_weight = i % 3 == 0 ? 0 : 0.5F * static_cast<float>(i % 4);
    options.sampling.temperature = i % 5 == 4 ? 0 : 0.6F + 0.1F * static_cast<float>(i % 3);
    options.blocks.size = i % 4 == 1 ? 24 : 4 + 3 * (i % 4);
    options.blocks.passes = 1 + i % 6;
    options.blocks.early_decoding = 0.3 * static_cast<double>(i % 4);
    options.blocks.schedule_shift = i % 7 == 0 ? 0 : 0.5;
    options.blocks.position_noise = i % 2 == 0;
    options.blocks.prior = i % 3 != 1;
    options.blocks.fill_before_end = i % 4 == 3;
    options.max_new_tokens = 20 + i;
    options.seed = index;
    return options;
  }

  static std::shared_ptr<const Model> model_;
  const c10::InferenceMode inference_mode_;
  const FlashSequence golden_{Golden("flash_tiny_default")};
};

std::shared_ptr<const Model> FlashTest::model_;

Generation run_to_end(Decoder& decoder, int64_t id) {
  while (!decoder.finished(id)) decoder.step();
  return decoder.generation(id);
}

TEST_F(FlashTest, EqualsTheReferencePassByPass) {
  for (const char* name : kGoldens) testing::expect_equals_flash(model_, name);
}

// All goldens at once, each joining some passes after the one before.
TEST_F(FlashTest, GoldensInOneBatchEqualTheReference) {
  Decoder decoder(model_, 10, 800);
  std::vector<std::unique_ptr<FlashSequence>> sequences;
  std::vector<int64_t> ids;
  for (const char* name : kGoldens) {
    sequences.push_back(std::make_unique<FlashSequence>(Golden(name)));
    ids.push_back(decoder.start(sequences.back()->options));
    for (int step = 0; step < 3; ++step) decoder.step();
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(run_to_end(decoder, ids[i]).tokens,
              testing::values<int64_t>(Golden(kGoldens[i]).tensor("t3.tokens")))
        << kGoldens[i];
  }
}

// More positions than the kernels take at a time; some leave in the middle of a block.
TEST_F(FlashTest, SequenceAmongOthersGivesTheBitsOfTheSequenceAlone) {
  constexpr size_t kCount = 14;
  std::vector<CollectedTensors> together(kCount), alone(kCount);
  Decoder decoder(model_, 2 * kCount + 2, 200);
  std::vector<int64_t> ids;
  for (size_t i = 0; i < kCount; ++i) {
    const int64_t other = decoder.start(request(i + 1));
    ids.push_back(decoder.start(request(i), together[i].sink()));
    decoder.step();
    decoder.remove(other);
  }
  for (size_t i = 0; i < kCount; ++i) {
    const Generation generation = run_to_end(decoder, ids[i]);
    Decoder single(model_, 2, 200);
    const Generation expected = run_to_end(single, single.start(request(i), alone[i].sink()));
    EXPECT_EQ(generation.tokens, expected.tokens) << i;
    EXPECT_EQ(generation.finish, expected.finish) << i;
    EXPECT_EQ(generation.decode_steps, expected.decode_steps) << i;
    for (const char* tensor : {"t3.logits.b0k0", "flash.sampled", "flash.pmi", "rng.after_t3"}) {
      EXPECT_TRUE(at::equal(together[i].tensor(tensor), alone[i].tensor(tensor))) << i << tensor;
    }
  }
}

TEST_F(FlashTest, DrawnCountsWhatIsFilled) {
  Decoder decoder(model_, 2, 800);
  const int64_t id = decoder.start(golden_.options);
  EXPECT_EQ(decoder.drawn(id), 0);
  const at::Tensor info = Golden("flash_tiny_default").tensor("flash.info");
  int64_t filled = 0;
  for (int64_t pass = 0; pass < 20; ++pass) {
    if (pass == 10) {  // the first block becomes part of the row, and nothing is filled
      decoder.step();
      EXPECT_EQ(decoder.drawn(id), filled);
    }
    decoder.step();
    filled += info[pass][5].item<int64_t>();
    EXPECT_EQ(decoder.drawn(id), filled) << pass;
  }
}

// The package drops what is masked before an end of speech.
TEST_F(FlashTest, AnEndOfSpeechCanWaitForThePositionsBeforeIt) {
  const int64_t mask = limits(*model_).mask_id();
  SequenceOptions options = golden_.options;
  Decoder decoder(model_, 2, 800);
  const auto masked = [&] {
    const int64_t id = decoder.start(options);
    const std::vector<int64_t> tokens = run_to_end(decoder, id).tokens;
    decoder.remove(id);
    return std::count(tokens.begin(), tokens.end(), mask);
  };
  EXPECT_EQ(masked(), 3);
  options.blocks.fill_before_end = true;
  EXPECT_EQ(masked(), 0);
}

TEST_F(FlashTest, BlocksOfOnePositionAreSpokenToo) {
  SequenceOptions options = golden_.options;
  options.blocks.size = 1;
  options.max_new_tokens = 5;
  Decoder decoder(model_, 2, 800);
  EXPECT_EQ(run_to_end(decoder, decoder.start(options)).tokens.size(), 5U);
}

TEST_F(FlashTest, LimitsAreThoseOfTheTables) {
  const Limits l = limits(*model_);
  EXPECT_EQ(l.speech_vocabulary, 8194);
  EXPECT_EQ(l.mask_id(), 8194);
  EXPECT_TRUE(l.fills_blocks());
  EXPECT_TRUE(l.guided());
  EXPECT_EQ(l.starts_of_speech, 1);
  EXPECT_EQ(l.positions_needed(10, 100), 34 + 2 + 10 + 1 + 100);
}

TEST_F(FlashTest, RefusesWhatDoesNotFitOrTheFamilyHasNot) {
  Decoder decoder(model_, 2, 34 + 18 + 1 + 60);
  SequenceOptions options = golden_.options;  // 16 text ids
  const auto start = [&] { static_cast<void>(decoder.start(options)); };
  options.max_new_tokens = 61;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "the sequence needs 114 positions, the cache has 113");
  options.max_new_tokens = 60;
  options.blocks.size = 0;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument), "block_size must be in [1, 4100), got 0");
  options.blocks.size = 16;
  options.blocks.passes = 0;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument), "block_passes must be at least 1, got 0");
  options.blocks.passes = 10;
  options.sampling.min_p = 0.25F;
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "min_p must be 0 for this model, which has none, got 0.25");
  options.sampling.min_p = 0;
  options.analyze = AlignmentThresholds();
  EXPECT_EQ(refusal(start, Status::kInvalidArgument),
            "no heads of this model's family align speech and text");
  options.analyze.reset();
  EXPECT_LE(run_to_end(decoder, decoder.start(options)).tokens.size(), 60U);  // just enough
}

}  // namespace
}  // namespace chatterbox::t3
