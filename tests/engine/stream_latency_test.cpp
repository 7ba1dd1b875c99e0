// When streams are first heard and whether they fall silent, in virtual time, at costs of a machine
// that speaks some twenty of them as fast as they are heard.
#include <gmock/gmock.h>

#include <algorithm>

#include "engine/scheduling/stream_policy.h"
#include "engine/streaming.h"
#include "engine/timeline.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

constexpr int32_t kSteps = 10;
constexpr double kFrame = 1.5e-5;  // seconds of an Euler step for a frame

FakeCosts costs() {
  FakeCosts costs;
  costs.prefill_part = 0.01;
  costs.step = 0.004;
  costs.step_row = 0.0003;
  costs.prompt_frames = 150;
  costs.euler_frame = kFrame;
  costs.vocoder_frame = kFrame;
  return costs;
}

// Of S3Gen for so many frames beside the prompt's.
double speech_seconds(int64_t frames) {
  return static_cast<double>(150 + frames) * kFrame * (kSteps + 1);
}

Request stream_of(int64_t tokens) {
  Request request = in_chunks(text_of(tokens), {12, 25, 50, 100});
  request.cfm_steps = kSteps;
  request.on_audio = [](const float*, size_t) { return true; };
  return request;
}

Request whole_of(int64_t tokens) {
  Request request = request_for(text_of(tokens));
  request.cfm_steps = kSteps;
  return request;
}

class StreamLatencyTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  static EngineOptions options(std::optional<int32_t> max_streams = std::nullopt,
                               int32_t max_batch = 64) {
    EngineOptions options;
    options.device = "cpu";
    options.max_batch = max_batch;
    options.max_queue = 1000;
    options.max_streams = max_streams;
    return options;
  }

  // Those who have never heard a silence of more than 0.1 s.
  static double continuous(const std::vector<Result>& results) {
    const auto count = std::count_if(results.begin(), results.end(), [](const Result& result) {
      return result.stream.largest_underrun <= 0.1;
    });
    return static_cast<double>(count) / static_cast<double>(results.size());
  }

  static double last_first_sound(const std::vector<Result>& results) {
    double last = 0;
    for (const Result& result : results) last = std::max(last, result.stream.first_sound);
    return last;
  }
};

TEST_F(StreamLatencyTest, OneAlone) {
  Timeline run(costs(), options());
  run.at(0, stream_of(300));
  const Result result = run.results().front();
  // Prefill, the first chunk's tokens and six more, and the chunk.
  EXPECT_NEAR(result.stream.first_sound, 0.02 + 18 * 0.0046 + speech_seconds(36), 1e-6);
  EXPECT_EQ(result.stream.largest_underrun, 0);
  ASSERT_EQ(result.stream.chunks.size(), 6U);
  EXPECT_EQ(result.stream.chunks[1].first, 12 * kFakeSamplesPerToken);
  EXPECT_EQ(result.stream.chunks[5].samples, 13 * kFakeSamplesPerToken);
}

// The first chunk does not wait. Those after it see more while their listener has time; no one
// falls silent therefore, and on a machine without time to spare none waits.
TEST_F(StreamLatencyTest, SlackIsWaitedForWhereThereIsTime) {
  for (const double step : {0.004, 0.045}) {
    FakeCosts machine = costs();
    machine.step = step;
    std::vector<Result> results;
    for (const int32_t slack : {0, 10}) {
      Timeline run(machine, options());
      Request request = stream_of(300);
      request.stream_options.slack_tokens = slack;
      run.at(0, request);
      results.push_back(run.results().front());
    }
    const StreamStats &without = results[0].stream, &with = results[1].stream;
    EXPECT_EQ(with.first_sound, without.first_sound);
    EXPECT_EQ(with.largest_underrun, without.largest_underrun);
    ASSERT_EQ(with.chunks.size(), without.chunks.size());
    const double later = with.chunks[2].seconds - without.chunks[2].seconds;
    if (step < 0.01) {
      EXPECT_GT(later, 5 * step);
    } else {
      EXPECT_EQ(later, 0);
    }
  }
}

TEST_F(StreamLatencyTest, EightTogether) {
  Timeline run(costs(), options());
  for (int i = 0; i < 8; ++i) run.at(0, stream_of(400));
  const std::vector<Result> results = run.results();
  EXPECT_EQ(continuous(results), 1);
  EXPECT_LE(last_first_sound(results), 0.8);
}

// On a machine that sustains ten, and knows from one listener before what chunks take. While first
// chunks as long as these are heard, there is time for all second ones.
TEST_F(StreamLatencyTest, EightInTheSameMoment) {
  FakeCosts machine = costs();
  machine.step = 0.0005;
  machine.step_row = 0.0001;
  machine.prefill_part = 0.002;
  machine.euler_frame = machine.vocoder_frame = 2 * kFrame;
  const auto stream = [] {
    Request request = stream_of(100);
    request.stream_options.chunks = {36, 40, 100};
    return request;
  };
  Timeline run(machine, options());
  run.at(0, stream());
  for (int i = 0; i < 8; ++i) run.at(10, stream());
  std::vector<Result> results = run.results();
  results.erase(results.begin());
  EXPECT_EQ(continuous(results), 1);
  // 0.62 of them are the first chunks.
  EXPECT_LE(last_first_sound(results), 0.8);
}

// More than can be spoken as fast as they are heard: a bound keeps those continuous that have
// begun.
TEST_F(StreamLatencyTest, TooManyWaitInsteadOfAllFallingSilent) {
  std::vector<double> shares;
  for (const auto max_streams : {std::optional<int32_t>(), std::optional<int32_t>(64)}) {
    Timeline run(costs(), options(max_streams));
    run.at(0, stream_of(300));
    run.at(1, stream_of(300));
    for (int i = 0; i < 40; ++i) run.at(2, stream_of(300));
    shares.push_back(continuous(run.results()));
  }
  RecordProperty("continuous", fmt::format("{:.2f}, without a bound {:.2f}", shares[0], shares[1]));
  EXPECT_GE(shares[0], 0.95);
  EXPECT_LE(shares[1], 0.5);
}

// Whole utterances where eight streams keep S3Gen busy: those with slack let them pass.
TEST_F(StreamLatencyTest, WholeUtterancesAmongStreams) {
  Timeline run(costs(), options());
  for (int i = 0; i < 8; ++i) run.at(0, stream_of(480));
  for (int i = 0; i < 4; ++i) run.at(1 + i, whole_of(100));
  std::vector<Result> results = run.results();
  for (size_t i = 8; i < results.size(); ++i) EXPECT_LE(results[i].timings.total, 4);
  results.resize(8);
  EXPECT_EQ(continuous(results), 1);
}

// Far more whole utterances than there is time for: between two of them sixteen chunks are spoken.
TEST_F(StreamLatencyTest, AFloodOfWholeUtterancesDoesNotStarveStreams) {
  Timeline run(costs(), options({}, 16));
  for (int i = 0; i < 4; ++i) run.at(0, stream_of(480));
  for (int i = 0; i < 60; ++i) run.at(0, whole_of(400));
  const std::vector<Result> results = run.results();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_LE(results[i].stream.largest_underrun, 2 * speech_seconds(800));
    EXPECT_LE(results[i].stream.first_sound, 3);
  }
}

// And the other way round: streams that could use all of S3Gen's time.
TEST_F(StreamLatencyTest, AFloodOfStreamsDoesNotStarveWholeUtterances) {
  Timeline run(costs(), options(64));
  for (int i = 0; i < 60; ++i) run.at(0, stream_of(400));
  run.at(0, whole_of(100));
  const Result whole = run.results().back();
  const double waited = whole.timings.total - whole.timings.queued - whole.timings.decode -
                        whole.timings.flow - whole.timings.vocoder;
  // Sixteen chunks, each with a decode step of all.
  EXPECT_LE(waited, 0.02 + engine::kMaxChunksLetPass * (speech_seconds(312) + 0.042));
}

}  // namespace
}  // namespace chatterbox
