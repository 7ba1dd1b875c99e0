#include "t3/batch_generation_state.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "support/status.h"
#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kVocabulary = 8194;

// Logits of one row: `value` for each id, -20 for the others.
at::Tensor peaks(const std::vector<std::pair<int64_t, float>>& ids) {
  at::Tensor row = at::full({1, kVocabulary}, -20.0F);
  for (const auto& [id, value] : ids) row[0][id] = value;
  return row;
}

SequenceState sequence_of(const std::vector<int64_t>& rows, const SamplingOptions& sampling,
                          uint64_t seed = 0, int64_t max_new_tokens = 100) {
  SequenceState sequence;
  sequence.rows = rows;
  sequence.sampling = sampling;
  sequence.max_new_tokens = max_new_tokens;
  sequence.started = true;
  sequence.generation.generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return sequence;
}

SamplingOptions greedy(float repetition_penalty = 1.0F) {
  SamplingOptions options;
  options.temperature = 0;
  options.cfg_weight = 0;
  options.repetition_penalty = repetition_penalty;
  return options;
}

using Tokens = std::vector<int64_t>;

TEST(BatchGenerationState, GreedyPenalisesTheStartOfSpeechAndEveryDrawnId) {
  BatchGenerationState state(1, kVocabulary);
  const int64_t id = state.insert(sequence_of({0}, greedy(1.25F)));
  // The start of speech counts as drawn: 5 / 1.25 = 4 < 4.5. Then 7 does: 4.5 / 1.25 = 3.6 < 4.
  for (int step = 0; step < 3; ++step) {
    state.set_logits({0}, peaks({{kStartSpeech, 5}, {7, 4.5F}, {9, 3.7F}}));
    state.draw_tokens();
  }
  // 7; then the start of speech at 4 before 9 at 3.7 and 7 at 3.6; nothing changes by drawing it.
  EXPECT_EQ(state.at(id).generation.tokens, (Tokens{7, kStartSpeech, kStartSpeech}));
}

TEST(BatchGenerationState, PenaltyMakesNegativeLogitsSmaller) {
  BatchGenerationState state(1, kVocabulary);
  const int64_t id = state.insert(sequence_of({0}, greedy(2.0F)));
  for (int step = 0; step < 2; ++step) {
    state.set_logits({0}, peaks({{7, -1}, {9, -1.5F}}));
    state.draw_tokens();
  }
  EXPECT_EQ(state.at(id).generation.tokens, (Tokens{7, 9}));  // -1 * 2 < -1.5
}

TEST(BatchGenerationState, GuidanceUsesTheSecondRow) {
  BatchGenerationState state(4, kVocabulary);
  SamplingOptions guided = greedy();
  guided.cfg_weight = 1;
  const int64_t id = state.insert(sequence_of({3, 1}, guided));
  // 7: 2 + (2 - 2) = 2. 9: 1.5 + (1.5 - 0) = 3.
  state.set_logits({3, 1}, at::cat({peaks({{7, 2}, {9, 1.5F}}), peaks({{7, 2}, {9, 0}})}));
  state.draw_tokens();
  EXPECT_EQ(state.at(id).generation.tokens, Tokens{9});
}

TEST(BatchGenerationState, EndsAtTheEndOfSpeechOrTheLimit) {
  BatchGenerationState state(3, kVocabulary);
  const int64_t eos = state.insert(sequence_of({0}, greedy()));
  const int64_t limit = state.insert(sequence_of({1}, greedy(), 0, 2));
  const int64_t both = state.insert(sequence_of({2}, greedy(), 0, 1));
  const at::Tensor last = peaks({{kStopSpeech, 1}});
  state.set_logits({0, 1, 2}, at::cat({peaks({{3, 1}}), peaks({{5, 1}}), last}));
  state.draw_tokens();
  EXPECT_EQ(state.running(), (Tokens{eos, limit}));
  EXPECT_EQ(state.at(both).generation.finish, Finish::kEos);
  state.set_logits({0, 1}, at::cat({last, peaks({{6, 1}})}));
  state.draw_tokens();
  EXPECT_EQ(state.at(eos).generation.finish, Finish::kEos);
  EXPECT_EQ(state.at(eos).generation.tokens, (Tokens{3, kStopSpeech}));
  EXPECT_EQ(state.at(limit).generation.finish, Finish::kMaxTokens);
  EXPECT_EQ(state.at(limit).generation.tokens, (Tokens{5, 6}));
  EXPECT_TRUE(state.running().empty());
  state.draw_tokens();  // nobody draws
  EXPECT_EQ(state.at(limit).generation.tokens.size(), 2U);
}

TEST(BatchGenerationState, ForgetsWhatTheRowsFormerSequenceDrew) {
  BatchGenerationState state(1, kVocabulary);
  const int64_t first = state.insert(sequence_of({0}, greedy(2.0F)));
  const at::Tensor logits = peaks({{7, 3}, {9, 2}});
  state.set_logits({0}, logits);
  state.draw_tokens();
  state.erase(first);
  const int64_t second = state.insert(sequence_of({0}, greedy(2.0F)));
  EXPECT_NE(first, second);
  state.set_logits({0}, logits);
  state.draw_tokens();
  EXPECT_EQ(state.at(second).generation.tokens, Tokens{7});
  EXPECT_THROW(static_cast<void>(state.at(first)), Error);
}

// Turbo and Nano.

SamplingOptions plain(SamplingOptions options = greedy()) {
  options.min_p = 0;
  return options;
}

TEST(BatchGenerationState, PlainFirstTokenIsNotCountedAndDoesNotEnd) {
  BatchGenerationState state(2, kVocabulary, SamplingFamily::kPlain);
  const int64_t eos = state.insert(sequence_of({0}, plain()));
  const int64_t limit = state.insert(sequence_of({1}, plain(), 0, 1));
  const at::Tensor end = peaks({{kStopSpeech, 1}});
  state.set_logits({0, 1}, at::cat({end, peaks({{5, 1}})}));
  state.draw_tokens();
  EXPECT_EQ(state.running(), (Tokens{eos, limit}));
  state.set_logits({0, 1}, at::cat({end, peaks({{6, 1}})}));
  state.draw_tokens();
  EXPECT_EQ(state.at(eos).generation.tokens, (Tokens{kStopSpeech, kStopSpeech}));
  EXPECT_EQ(state.at(eos).generation.finish, Finish::kEos);
  EXPECT_EQ(state.at(limit).generation.tokens, (Tokens{5, 6}));
  EXPECT_EQ(state.at(limit).generation.finish, Finish::kMaxTokens);
}

// The start of speech is penalised in the first draw, 5 / 2 < 3, and no more after it.
TEST(BatchGenerationState, PlainFirstDrawAlonePenalisesTheStartOfSpeech) {
  BatchGenerationState state(1, kVocabulary, SamplingFamily::kPlain);
  const int64_t id = state.insert(sequence_of({0}, plain(greedy(2.0F))));
  for (int step = 0; step < 3; ++step) {
    state.set_logits({0}, peaks({{kStartSpeech, 5}, {7, 3}, {9, 2.6F}}));
    state.draw_tokens();
  }
  // 7 at 3; the start of speech at 5; drawn, it is at 2.5, and 7 at 1.5.
  EXPECT_EQ(state.at(id).generation.tokens, (Tokens{7, kStartSpeech, 9}));
}

// Of 7 and 9 with 0.67 and 0.24 (9: 1 lower), top_p 0.5 leaves 7 before the penalty of its being
// drawn, although 9 is then the likelier one.
TEST(BatchGenerationState, PlainPenaltyComesAfterTheFilters) {
  BatchGenerationState plain_state(1, kVocabulary, SamplingFamily::kPlain);
  BatchGenerationState guided_state(1, kVocabulary);
  SamplingOptions options = greedy(4.0F);
  options.top_p = 0.5F;
  for (BatchGenerationState* state : {&plain_state, &guided_state}) {
    const int64_t id = state->insert(sequence_of({0}, options));
    for (int step = 0; step < 2; ++step) {
      state->set_logits({0}, peaks({{7, 3}, {9, 2}}));
      state->draw_tokens();
    }
    EXPECT_EQ(state->at(id).generation.tokens,
              state == &plain_state ? (Tokens{7, 7}) : (Tokens{7, 9}));
  }
}

TEST(BatchGenerationState, PlainTopKIsEachRowsOwn) {
  BatchGenerationState state(3, kVocabulary, SamplingFamily::kPlain);
  SamplingOptions options = plain();
  options.temperature = 1;
  std::vector<int64_t> ids;
  for (const int64_t top_k : {1, 2, 0}) {
    options.top_k = top_k;
    ids.push_back(state.insert(sequence_of({static_cast<int64_t>(ids.size())}, options, 3)));
  }
  std::vector<std::set<int64_t>> drawn(3);
  for (int step = 0; step < 60; ++step) {
    state.set_logits({0, 1, 2}, peaks({{7, 1}, {9, 0.9F}, {11, 0.8F}}).expand({3, kVocabulary}));
    state.draw_tokens();
    for (size_t i = 0; i < 3; ++i) drawn[i].insert(state.at(ids[i]).generation.tokens.back());
  }
  EXPECT_EQ(drawn[0], std::set<int64_t>{7});
  EXPECT_EQ(drawn[1], (std::set<int64_t>{7, 9}));
  EXPECT_EQ(drawn[2], (std::set<int64_t>{7, 9, 11}));
}

TEST(BatchGenerationState, DrawsFromItsStartOn) {
  BatchGenerationState state(1, kVocabulary);
  SequenceState sequence = sequence_of({0}, greedy());
  sequence.started = false;
  const int64_t id = state.insert(std::move(sequence));
  state.draw_tokens();
  EXPECT_TRUE(state.running().empty());
  EXPECT_FALSE(state.at(id).ended());
  state.start(id, peaks({{7, 1}}));
  state.draw_tokens();
  EXPECT_EQ(state.at(id).generation.tokens, Tokens{7});
}

// The logits of a step, the same wherever the sequence stands.
at::Tensor random_logits(size_t sequence, int step, int64_t rows) {
  const at::Generator generator =
      at::make_generator<at::CPUGeneratorImpl>(1000 * sequence + static_cast<uint64_t>(step));
  return at::randn({rows, kVocabulary}, generator, at::TensorOptions(at::kFloat)).mul_(4);
}

std::vector<SamplingOptions> mixed_options() {
  std::vector<SamplingOptions> options(6);
  options[1] = greedy();
  options[2].temperature = 1.3F;
  options[2].top_p = 0.8F;
  options[2].min_p = 0;
  options[2].repetition_penalty = 1.5F;
  options[3].cfg_weight = 0;
  options[3].min_p = 0;
  options[3].repetition_penalty = 1;
  options[4].cfg_weight = 1.7F;
  options[4].min_p = 0.3F;
  options[4].top_p = 0.5F;
  options[5] = greedy(1.7F);
  options[5].cfg_weight = 0.2F;
  options[5].top_p = 0.1F;
  return options;
}

constexpr int kSteps = 25;

// What a sequence draws with nobody beside it, in the rows 0 and 1.
Tokens alone(size_t index, const SamplingOptions& sampling) {
  BatchGenerationState state(2, kVocabulary);
  const std::vector<int64_t> rows = sampling.cfg_weight > 0 ? Tokens{0, 1} : Tokens{0};
  const int64_t id = state.insert(sequence_of(rows, sampling, index));
  for (int step = 0; step < kSteps && state.at(id).running(); ++step) {
    state.set_logits(rows, random_logits(index, step, static_cast<int64_t>(rows.size())));
    state.draw_tokens();
  }
  return state.at(id).generation.tokens;
}

TEST(BatchGenerationState, MixedOptionsGiveEachWhatItGivesAlone) {
  const std::vector<SamplingOptions> options = mixed_options();
  BatchGenerationState state(12, kVocabulary);
  std::vector<int64_t> ids;
  int64_t row = 12;
  for (size_t i = 0; i < options.size(); ++i) {
    std::vector<int64_t> rows = {--row};
    if (options[i].cfg_weight > 0) rows.push_back(--row);
    ids.push_back(state.insert(sequence_of(rows, options[i], i)));
  }
  for (int step = 0; step < kSteps; ++step) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto& rows = state.at(ids[i]).rows;
      if (!state.at(ids[i]).running()) continue;
      state.set_logits(rows, random_logits(i, step, static_cast<int64_t>(rows.size())));
    }
    state.draw_tokens();
  }
  std::set<Tokens> different;
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(state.at(ids[i]).generation.tokens, alone(i, options[i])) << i;
    different.insert(state.at(ids[i]).generation.tokens);
  }
  EXPECT_EQ(different.size(), ids.size());
}

// Greedy draws nothing from the generator, and others one number a token.
TEST(BatchGenerationState, ASeedGivesTheSameTokensAndAnotherSeedOthers) {
  SamplingOptions options;
  options.cfg_weight = 0;
  const auto run = [&](uint64_t seed) {
    BatchGenerationState state(1, kVocabulary);
    const int64_t id = state.insert(sequence_of({0}, options, seed));
    for (int step = 0; step < 10; ++step) {
      state.set_logits({0}, random_logits(3, step, 1));
      state.draw_tokens();
    }
    return state.at(id).generation.tokens;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

TEST(BatchGenerationState, LogitsThatAreNotFiniteEndOneSequenceAlone) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    for (const int64_t bad_row : {2, 3}) {  // the conditional row, the unconditional one
      SCOPED_TRACE(std::to_string(bad) + " in row " + std::to_string(bad_row));
      BatchGenerationState state(5, kVocabulary);
      SamplingOptions options;
      options.top_p = 0.9F;
      const int64_t first = state.insert(sequence_of({0, 1}, options, 1));
      const int64_t failing = state.insert(sequence_of({2, 3}, options, 2));
      const int64_t last = state.insert(sequence_of({4}, greedy(), 3));
      BatchGenerationState others(5, kVocabulary);
      const int64_t first_alone = others.insert(sequence_of({0, 1}, options, 1));
      for (int step = 0; step < 3; ++step) {
        const at::Tensor logits = random_logits(9, step, 5);
        others.set_logits({0, 1}, logits.narrow(0, 0, 2));
        if (step == 1) logits[bad_row][4000] = bad;
        state.set_logits({0, 1, 2, 3, 4}, logits);
        state.draw_tokens();
        others.draw_tokens();
      }
      EXPECT_EQ(state.at(failing).generation.finish, Finish::kFailed);
      EXPECT_EQ(state.at(failing).generation.tokens.size(), 1U);
      EXPECT_EQ(state.running(), (Tokens{first, last}));
      EXPECT_EQ(state.at(first).generation.tokens, others.at(first_alone).generation.tokens);
      EXPECT_EQ(state.at(last).generation.tokens.size(), 3U);
      try {
        std::rethrow_exception(state.at(failing).failure);
      } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "the model's logits of step 1 are not finite");
      }
    }
  }
}

}  // namespace
}  // namespace chatterbox::t3
