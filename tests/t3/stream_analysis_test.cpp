// The analyzer in the decode loop: the reference's runs with it, and rows that do not ask for it.
#include "t3/stream_analysis.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/status.h"
#include "support/synthetic/synthetic.h"
#include "t3/batch_generation_state.h"
#include "t3/special_tokens.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using nlohmann::json;
using testing::CollectedTensors;

constexpr float kMultilingualRepetitionPenalty = 2.0F;  // the default of mtl_tts.py

AlignmentThresholds tiny_thresholds() {
  AlignmentThresholds thresholds;
  thresholds.heads = {{{2, 1}, {1, 0}, {0, 1}}};
  return thresholds;
}

class StreamAnalysisTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = testing::load_tiny("t3_mtl23ls_v2"); }
  static void TearDownTestSuite() { model_.reset(); }

  [[nodiscard]] SequenceOptions request(int index, bool analyze) const {
    SequenceOptions options;
    options.voice = &golden_.voice;
    for (int64_t i = 0; i < 4 + 5 * index; ++i) {
      options.text_ids.push_back((i * 37 + index) % 2400 + 1);
    }
    options.sampling.cfg_weight = index % 3 == 1 ? 0.0F : 0.5F;
    options.max_new_tokens = 30;
    options.seed = static_cast<uint64_t>(index);
    if (analyze) options.analyze = tiny_thresholds();
    return options;
  }

  static std::shared_ptr<const Model> model_;
  const c10::InferenceMode inference_mode_;
  const testing::GoldenSequence golden_{testing::Golden("mtl_tiny_017_analyzer")};
};

std::shared_ptr<const Model> StreamAnalysisTest::model_;

void run_to_end(Decoder& decoder, int64_t id) {
  while (!decoder.finished(id)) decoder.step();
}

void expect_state(const AlignmentState& state, const json& expected) {
  const auto rows = [](const std::optional<int64_t>& count) {
    return count ? json(*count) : json();
  };
  EXPECT_EQ(state.attended, expected["cur_text_posn"]);
  EXPECT_EQ(state.discontinuity, expected["discontinuity"]);
  EXPECT_EQ(state.position, expected["text_position"]);
  EXPECT_EQ(state.false_start, expected["false_start"]);
  EXPECT_EQ(state.started, expected["started"]);
  EXPECT_EQ(rows(state.started_at), expected["started_at"]);
  EXPECT_EQ(state.complete, expected["complete"]);
  EXPECT_EQ(rows(state.completed_at), expected["completed_at"]);
  EXPECT_EQ(state.long_tail, expected["long_tail"]);
  EXPECT_EQ(state.alignment_repetition, expected["alignment_repetition"]);
  EXPECT_EQ(state.token_repetition, expected["token_repetition"]);
  EXPECT_EQ(state.end == EndOfSpeech::kForced, expected["eos_forced"]);
  EXPECT_EQ(state.end == EndOfSpeech::kSuppressed,
            expected["eos_suppressed"] && !expected["eos_forced"]);
}

// The steps at which the analyzer intervened in a way.
std::vector<int64_t> steps_of(const Quality& quality, Intervention kind) {
  std::vector<int64_t> steps;
  for (const InterventionSpan& span : quality.interventions) {
    if (span.kind != kind) continue;
    for (int64_t i = 0; i < span.steps; ++i) steps.push_back(span.first_step + i);
  }
  return steps;
}

std::vector<int64_t> steps_where(const json& steps, const char* key) {
  std::vector<int64_t> where;
  for (const json& step : steps) {
    const bool forced = step["eos_forced"];
    const bool counts = std::string(key) == "eos_suppressed" ? !forced : true;
    if (step[key] && counts) where.push_back(step["frame"]);
  }
  return where;
}

TEST_F(StreamAnalysisTest, TinyRunsAreTheReferences) {
  for (const char* name : {"mtl_tiny_017_analyzer", "mtl_tiny_017_forced_eos"}) {
    SCOPED_TRACE(name);
    const testing::Golden golden(name);
    testing::GoldenSequence sequence(golden);
    if (golden.meta("rep") == "None") {
      sequence.options.sampling.repetition_penalty = kMultilingualRepetitionPenalty;
    }
    sequence.options.analyze = tiny_thresholds();
    const json expected = json::parse(golden.meta("alignment"))["steps"];
    CollectedTensors collected;
    Decoder decoder(model_, 2, 300);
    const int64_t id = decoder.start(sequence.options, collected.sink());
    for (const json& step : expected) {
      SCOPED_TRACE(step["frame"].dump());
      ASSERT_FALSE(decoder.finished(id));
      decoder.step();
      expect_state(*decoder.generation(id).alignment, step);
    }
    EXPECT_TRUE(decoder.finished(id));
    for (const char* logits : {"t3.logits0", "t3.logits1", "t3.logits2"}) {
      expect_close(collected.tensor(logits), golden.tensor(logits), testing::Stage::kLogits);
    }
    const Generation& generation = decoder.generation(id);
    EXPECT_EQ(generation.tokens, testing::values<int64_t>(golden.tensor("t3.tokens")));
    const Quality& quality = generation.quality;
    const std::pair<Intervention, const char*> kinds[] = {
        {Intervention::kEndSuppressed, "eos_suppressed"},
        {Intervention::kLongTail, "long_tail"},
        {Intervention::kAlignmentRepetition, "alignment_repetition"},
        {Intervention::kTokenRepetition, "token_repetition"}};
    for (const auto& [kind, key] : kinds) {
      EXPECT_EQ(steps_of(quality, kind), steps_where(expected, key)) << key;
    }
  }
}

// The text of 38 tokens is left at its position 18: half of the 36 between start and stop.
TEST_F(StreamAnalysisTest, ForcedEndIsReportedWithWhatWasSpoken) {
  testing::GoldenSequence sequence(testing::Golden("mtl_tiny_017_forced_eos"));
  sequence.options.analyze = tiny_thresholds();
  Decoder decoder(model_, 2, 300);
  const int64_t id = decoder.start(sequence.options);
  run_to_end(decoder, id);
  const Generation& generation = decoder.generation(id);
  EXPECT_EQ(generation.finish, Finish::kEos);
  EXPECT_EQ(generation.quality.longest_repetition, 2);
  ASSERT_FALSE(generation.quality.interventions.empty());
  const InterventionSpan& last = generation.quality.interventions.back();
  EXPECT_EQ(last.kind, Intervention::kTokenRepetition);
  EXPECT_EQ(last.first_step, 53);
  EXPECT_EQ(last.steps, 1);
  EXPECT_EQ(generation.alignment->position, 18);
}

// Every other row is analysed; each row gives what it gives alone.
TEST_F(StreamAnalysisTest, AnalysedRowsLeaveTheirNeighboursAlone) {
  constexpr int kCount = 20;  // more rows than the kernels take at a time
  std::vector<CollectedTensors> together(kCount), alone(kCount);
  Decoder decoder(model_, 2 * kCount, 300);
  std::vector<int64_t> ids;
  for (int i = 0; i < kCount; ++i) {
    ids.push_back(
        decoder.start(request(i % 7, i % 2 == 0), together[static_cast<size_t>(i)].sink()));
    if (i % 8 == 7) decoder.step();
  }
  size_t intervened = 0;
  for (size_t i = 0; i < kCount; ++i) {
    SCOPED_TRACE(i);
    run_to_end(decoder, ids[i]);
    const Generation& generation = decoder.generation(ids[i]);
    Decoder single(model_, 2, 300);
    const int64_t id = single.start(request(static_cast<int>(i) % 7, i % 2 == 0), alone[i].sink());
    run_to_end(single, id);
    EXPECT_EQ(generation.tokens, single.generation(id).tokens);
    EXPECT_TRUE(at::equal(together[i].tensor("t3.logits2"), alone[i].tensor("t3.logits2")));
    EXPECT_EQ(generation.alignment.has_value(), i % 2 == 0);
    EXPECT_EQ(generation.quality.text_coverage, single.generation(id).quality.text_coverage);
    intervened += generation.quality.interventions.empty() ? 0 : 1;
  }
  EXPECT_GE(intervened, 5U);
}

TEST_F(StreamAnalysisTest, RefusesHeadsThatTheModelHasNot) {
  Decoder decoder(model_, 2, 300);
  SequenceOptions options = request(1, true);
  const auto refusal = [&] {
    try {
      static_cast<void>(decoder.start(options));
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kInvalidArgument);
      return std::string(error.what());
    }
    return std::string("nothing was refused");
  };
  EXPECT_TRUE(has_alignment_heads(*model_, options.analyze->heads));
  options.analyze->heads[1] = {2, 2};
  EXPECT_FALSE(has_alignment_heads(*model_, options.analyze->heads));
  EXPECT_EQ(refusal(), "the model has no head 2 in layer 2 to analyze: it has 3 layers of 2 heads");
  options.analyze = AlignmentThresholds();
  EXPECT_EQ(refusal(),
            "the model has no head 15 in layer 12 to analyze: it has 3 layers of 2 heads");
  options.analyze = tiny_thresholds();
  run_to_end(decoder, decoder.start(options));  // no row was lost
}

// Even attention suppresses the end of speech: the first token gets as much as any. The start of
// speech counts as the token before the first.
TEST(StreamAnalysis, ForcesTheEndRightAfterSuppressingIt) {
  AlignmentThresholds thresholds;
  thresholds.equal_tokens = 3;
  StreamAnalysis analysis(thresholds.heads, 0, {1, 8}, thresholds, false);
  Generation generation;
  const auto decided = [&] {
    for (const AlignmentHead& head : thresholds.heads) {
      const int64_t queries = generation.tokens.empty() ? 2 : 1;
      analysis.probe().read(head.layer, at::zeros({16, queries, 64}), at::zeros({16, 20, 64}));
    }
    at::Tensor logits = at::arange(8194, at::kFloat);
    analysis.observe(logits, generation);
    generation.tokens.push_back(kStartSpeech);
    return logits;
  };
  at::Tensor expected = at::arange(8194, at::kFloat);
  expected[kStopSpeech] = -32768;
  EXPECT_TRUE(at::equal(decided(), expected));
  EXPECT_TRUE(at::equal(decided(), expected));
  expected.fill_(-32768);
  expected[kStopSpeech] = 32768;
  EXPECT_TRUE(at::equal(decided(), expected));
  const std::vector<InterventionSpan>& spans = generation.quality.interventions;
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].kind, Intervention::kEndSuppressed);
  EXPECT_EQ(spans[0].first_step, 0);
  EXPECT_EQ(spans[0].steps, 2);
  EXPECT_EQ(spans[1].kind, Intervention::kTokenRepetition);
  EXPECT_EQ(spans[1].first_step, 2);
  EXPECT_EQ(spans[1].steps, 1);
  EXPECT_EQ(generation.quality.text_coverage, 0);
}

// Without the analyzer too.
TEST(Quality, LongestRepetitionCountsEqualTokensInARow) {
  constexpr int64_t kVocabulary = 6563;
  BatchGenerationState state(1, kVocabulary);
  SequenceState sequence;
  sequence.rows = {0};
  sequence.sampling.temperature = 0;
  sequence.sampling.repetition_penalty = 1;
  sequence.max_new_tokens = 100;
  sequence.started = true;
  const int64_t id = state.insert(std::move(sequence));
  const std::pair<int64_t, int64_t> expected[] = {{4, 1}, {9, 1}, {9, 2}, {9, 3},
                                                  {4, 3}, {4, 3}, {9, 3}, {kStopSpeech, 3}};
  for (const auto& [token, longest] : expected) {
    at::Tensor logits = at::zeros({1, kVocabulary});
    logits[0][token] = 1;
    state.set_logits({0}, logits);
    state.draw_tokens();
    EXPECT_EQ(state.at(id).generation.tokens.back(), token);
    EXPECT_EQ(state.at(id).generation.quality.longest_repetition, longest);
  }
  EXPECT_FALSE(state.at(id).generation.alignment.has_value());
  EXPECT_FALSE(state.at(id).generation.quality.text_coverage.has_value());
  EXPECT_TRUE(state.at(id).generation.quality.interventions.empty());
}

}  // namespace
}  // namespace chatterbox::t3
