// The analyzer's decisions: those of the reference's class, and hand-made ones.
#include "t3/alignment_analyzer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace chatterbox::t3 {
namespace {

using nlohmann::json;

// ---- Against the reference

// [head][row][column] -> the mean over the heads, [row][column]
std::vector<float> mean_of(const json& heads) {
  std::vector<float> mean;
  for (size_t row = 0; row < heads[0].size(); ++row) {
    for (size_t column = 0; column < heads[0][row].size(); ++column) {
      float sum = 0;
      for (const json& head : heads) sum += head[row][column].get<float>();
      mean.push_back(sum / static_cast<float>(heads.size()));
    }
  }
  return mean;
}

json rows_counted(const std::optional<int64_t>& rows) { return rows ? json(*rows) : json(); }

json to_json(const AlignmentState& state) {
  const char* ends[] = {"kept", "suppressed", "forced"};
  return {{"cur_text_posn", state.attended},
          {"discontinuity", state.discontinuity},
          {"text_position", state.position},
          {"false_start", state.false_start},
          {"started", state.started},
          {"started_at", rows_counted(state.started_at)},
          {"complete", state.complete},
          {"completed_at", rows_counted(state.completed_at)},
          {"long_tail", state.long_tail},
          {"alignment_repetition", state.alignment_repetition},
          {"token_repetition", state.token_repetition},
          {"eos", ends[static_cast<int>(state.end)]}};
}

// What the decision makes of the logits.
std::vector<float> decided(std::vector<float> logits, size_t eos, EndOfSpeech end) {
  if (end == EndOfSpeech::kSuppressed) logits[eos] = -32768;
  if (end == EndOfSpeech::kForced) {
    std::fill(logits.begin(), logits.end(), -32768.0F);
    logits[eos] = 32768;
  }
  return logits;
}

// All cases side by side, a step of each in turn: none sees another's.
TEST(AlignmentAnalyzer, EveryStepOfEveryCaseIsTheReferences) {
  std::ifstream file(std::string(CHATTERBOX_TEST_DATA) + "/golden/analyzer_logic.json");
  const json cases = json::parse(file);
  ASSERT_EQ(cases.size(), 10U);
  std::vector<AlignmentAnalyzer> analyzers;
  for (const json& one : cases) {
    analyzers.emplace_back(AlignmentThresholds(), one["text_len"].get<int64_t>());
  }
  size_t compared = 0;
  for (size_t step = 0; step < 50; ++step) {
    for (size_t i = 0; i < cases.size(); ++i) {
      if (step >= cases[i]["steps"].size()) continue;
      SCOPED_TRACE(cases[i]["name"].get<std::string>() + ", step " + std::to_string(step));
      const json& expected = cases[i]["steps"][step];
      const AlignmentState& state =
          analyzers[i].update(mean_of(expected["rows"]), expected["token"].get<int64_t>());
      EXPECT_EQ(to_json(state), expected["state"]);
      EXPECT_EQ(decided(expected["logits"].get<std::vector<float>>(),
                        cases[i]["eos_idx"].get<size_t>(), state.end),
                expected["logits_out"].get<std::vector<float>>());
      ++compared;
    }
  }
  EXPECT_EQ(compared, 315U);
}

// ---- By hand

// Attends to one token a step with all its weight; every drawn token is new, unless one is given.
class Speech {
 public:
  explicit Speech(int64_t text_tokens, const AlignmentThresholds& thresholds = {})
      : text_tokens_(text_tokens), analyzer_(thresholds, text_tokens) {}

  const AlignmentState& attend(int64_t token) { return attend(token, next_++); }
  const AlignmentState& attend(int64_t token, int64_t drawn) {
    std::vector<float> row(static_cast<size_t>(text_tokens_), 0.0F);
    row[static_cast<size_t>(token)] = 1;
    return step(row, drawn);
  }
  const AlignmentState& step(const std::vector<float>& row) { return step(row, next_++); }
  const AlignmentState& step(const std::vector<float>& row, int64_t drawn) {
    std::vector<float> rows = row;
    if (first_) rows.insert(rows.end(), row.begin(), row.end());
    first_ = false;
    return analyzer_.update(rows, drawn);
  }
  // To each of the tokens before `end`, in order.
  void read_until(int64_t end) {
    for (int64_t token = 0; token < end; ++token) static_cast<void>(attend(token));
  }
  [[nodiscard]] const AlignmentAnalyzer& analyzer() const { return analyzer_; }

 private:
  int64_t text_tokens_;
  AlignmentAnalyzer analyzer_;
  bool first_ = true;
  int64_t next_ = 0;
};

// The reference fails here in the step that completes the text.
TEST(AlignmentAnalyzer, ShortTextIsNeverSuppressedAndEndsByItsTail) {
  for (const int64_t text_tokens : {1, 2, 3, 4, 5}) {
    SCOPED_TRACE(text_tokens);
    Speech speech(text_tokens);
    const int64_t completing = std::max<int64_t>(text_tokens - 3, 0);
    for (int64_t token = 0; token <= completing; ++token) {
      EXPECT_EQ(speech.attend(token).complete, token == completing);
      EXPECT_EQ(speech.analyzer().state().end, EndOfSpeech::kKept);
    }
    EXPECT_EQ(speech.analyzer().state().completed_at, completing + 2);
    EXPECT_EQ(speech.analyzer().coverage(), 1);
    for (int step = 1; step < 5; ++step) {
      EXPECT_EQ(speech.attend(completing).end, EndOfSpeech::kKept) << step;
    }
    EXPECT_TRUE(speech.attend(completing).long_tail);  // five steps after completion
    EXPECT_EQ(speech.analyzer().state().end, EndOfSpeech::kForced);
    EXPECT_FALSE(speech.analyzer().state().alignment_repetition);
  }
}

TEST(AlignmentAnalyzer, ShortTextHasNoEarlierTokensToRepeat) {
  Speech speech(5);
  speech.read_until(3);
  ASSERT_TRUE(speech.analyzer().state().complete);
  for (int step = 0; step < 30; ++step) {
    EXPECT_EQ(speech.attend(step % 2).end, EndOfSpeech::kKept) << step;
  }
}

TEST(AlignmentAnalyzer, GoingBackAfterTheEndIsARepetition) {
  Speech speech(8);
  speech.read_until(5);
  EXPECT_EQ(speech.analyzer().state().end, EndOfSpeech::kSuppressed);
  EXPECT_EQ(speech.attend(5).end, EndOfSpeech::kKept);  // complete
  for (int step = 1; step <= 5; ++step) {
    const AlignmentState& state = speech.attend(1);
    EXPECT_TRUE(state.discontinuity);  // four back
    EXPECT_EQ(state.position, 5);
    EXPECT_EQ(state.end, EndOfSpeech::kSuppressed) << step;
  }
  EXPECT_EQ(speech.attend(1).end, EndOfSpeech::kForced);  // the sixth: more than 5
  EXPECT_TRUE(speech.analyzer().state().alignment_repetition);
  EXPECT_FALSE(speech.analyzer().state().long_tail);
}

// Of 8 tokens, 3 and 4 are neither earlier ones nor the end.
TEST(AlignmentAnalyzer, TokensBetweenTheEarlierAndTheEndAreNeither) {
  Speech speech(8);
  speech.read_until(6);
  for (int step = 0; step < 30; ++step) {
    EXPECT_EQ(speech.attend(3 + step % 2).end, EndOfSpeech::kSuppressed) << step;
  }
}

TEST(AlignmentAnalyzer, PositionMovesWithinItsWindow) {
  Speech speech(20);
  for (int step = 0; step < 16; ++step) static_cast<void>(speech.attend(0));
  const auto position = [&](int64_t token) { return speech.attend(token).position; };
  EXPECT_EQ(position(7), 0);  // seven ahead
  EXPECT_EQ(position(6), 6);
  EXPECT_EQ(position(13), 6);
  EXPECT_EQ(position(12), 12);
  EXPECT_EQ(position(8), 12);  // four back
  EXPECT_EQ(position(9), 9);
  EXPECT_EQ(speech.analyzer().coverage(), 12.0F / 18);  // the furthest
}

TEST(AlignmentAnalyzer, SpeechStartsOnceTheNoiseAtTheEndIsTwoStepsAgo) {
  Speech speech(8);
  for (int step = 0; step < 7; ++step) {
    EXPECT_TRUE(speech.step({0.4F, 0, 0, 0, 0, 0, 0, 0}).false_start) << step;
  }
  EXPECT_TRUE(speech.step({0.6F, 0, 0, 0, 0, 0, 0, 0.15F}).false_start);
  EXPECT_TRUE(speech.step({0.4F, 0, 0, 0, 0, 0, 0.05F, 0}).false_start);
  EXPECT_TRUE(speech.step({0.4F, 0, 0, 0, 0, 0, 0.05F, 0}).started);
  EXPECT_EQ(speech.analyzer().state().started_at, 11);            // ten steps
  EXPECT_TRUE(speech.step({0, 0, 0, 0, 0, 0, 0, 0.9F}).started);  // and never again
}

TEST(AlignmentAnalyzer, CompleteStaysSoWhenThePositionGoesBack) {
  Speech speech(8);
  speech.read_until(6);
  EXPECT_EQ(speech.attend(3).position, 3);
  EXPECT_TRUE(speech.analyzer().state().complete);
  EXPECT_EQ(speech.analyzer().state().completed_at, 7);
}

// A step sees no token beyond its own number, whatever it attends to.
TEST(AlignmentAnalyzer, SpeechDoesNotBeginAtTheEnd) {
  Speech speech(8);
  for (int step = 0; step < 7; ++step) {
    const AlignmentState& state = speech.attend(7);
    EXPECT_EQ(state.attended, 0) << step;
    EXPECT_TRUE(state.false_start) << step;
  }
  EXPECT_EQ(speech.attend(7).attended, 7);
  EXPECT_TRUE(speech.analyzer().state().discontinuity);
  EXPECT_EQ(speech.analyzer().coverage(), 0);
}

TEST(AlignmentAnalyzer, TwoEqualTokensRepeatOnceThreeWereSeen) {
  Speech speech(8);
  EXPECT_FALSE(speech.attend(0, 6561).token_repetition);
  EXPECT_FALSE(speech.attend(1, 6561).token_repetition);
  EXPECT_FALSE(speech.attend(2, 7).token_repetition);
  EXPECT_TRUE(speech.attend(3, 7).token_repetition);
  EXPECT_EQ(speech.analyzer().state().end, EndOfSpeech::kForced);
  EXPECT_FALSE(speech.attend(4, 8).token_repetition);
  EXPECT_FALSE(speech.attend(5, 7).token_repetition);
}

TEST(AlignmentAnalyzer, ThresholdsAreTheRequests) {
  AlignmentThresholds thresholds;
  thresholds.equal_tokens = 3;
  thresholds.long_tail = 2;
  thresholds.end_tokens = 2;
  Speech speech(8, thresholds);
  for (int64_t token = 0; token < 6; ++token) {
    EXPECT_EQ(speech.attend(token, 7 + token % 3 / 2).end, EndOfSpeech::kSuppressed);
  }
  EXPECT_FALSE(speech.analyzer().state().complete);  // 5 is not among the last two
  EXPECT_TRUE(speech.attend(6, 10).complete);
  EXPECT_EQ(speech.attend(6, 11).end, EndOfSpeech::kKept);
  EXPECT_EQ(speech.attend(6, 12).end, EndOfSpeech::kForced);
  Speech repeating(8, thresholds);
  EXPECT_FALSE(repeating.attend(0, 1).token_repetition);
  EXPECT_FALSE(repeating.attend(0, 5).token_repetition);
  EXPECT_FALSE(repeating.attend(0, 5).token_repetition);
  EXPECT_TRUE(repeating.attend(0, 5).token_repetition);
}

TEST(AlignmentThresholds, EveryLanguageHasTheReferences) {
  for (const char* language : {"de", "zh", "", "xx"}) {
    const AlignmentThresholds& thresholds = alignment_thresholds(language);
    const std::pair<int64_t, int64_t> heads[] = {{12, 15}, {13, 11}, {9, 2}};
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(thresholds.heads[i].layer, heads[i].first);
      EXPECT_EQ(thresholds.heads[i].head, heads[i].second);
    }
    EXPECT_EQ(thresholds.long_tail, 5);
    EXPECT_EQ(thresholds.alignment_repetition, 5);
    EXPECT_EQ(thresholds.equal_tokens, 2);
  }
}

}  // namespace
}  // namespace chatterbox::t3
