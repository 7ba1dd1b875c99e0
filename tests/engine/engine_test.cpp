// The engine over a fake model: speaking, order, progress, voices, the log.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"
#include "support/virtual_time.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class EngineTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }
};

TEST_F(EngineTest, SpeaksWithAllThatAResultHas) {
  Engine engine({});
  const Result result = generate(engine, "Hello.");
  EXPECT_EQ(result.audio.samples.size(), fake_tokens("Hello.") * kFakeSamplesPerToken);
  EXPECT_EQ(result.samples, static_cast<int64_t>(result.audio.samples.size()));
  EXPECT_EQ(result.audio.sample_rate, 24000);
  EXPECT_EQ(result.audio.channels, 1);
  EXPECT_EQ(result.finish_reason, FinishReason::kEos);
  EXPECT_EQ(result.text_tokens, 8);
  EXPECT_EQ(result.speech_tokens, 10);
  EXPECT_EQ(result.decode_steps, 9);
  EXPECT_TRUE(result.pieces.empty());
}

TEST_F(EngineTest, QualityIsOfTheTokensAndOfTheWave) {
  Engine engine({});
  Request request = request_for("Hello.");
  const Result plain = generate(engine, request);
  EXPECT_EQ(plain.quality.longest_repetition, 3);
  EXPECT_FALSE(plain.quality.text_coverage.has_value());
  EXPECT_TRUE(plain.quality.interventions.empty());
  // The fake model's samples are noise in [-1, 1).
  const std::vector<float>& samples = plain.audio.samples;
  EXPECT_EQ(plain.quality.peak,
            std::fabs(*std::max_element(samples.begin(), samples.end(), [](float a, float b) {
              return std::fabs(a) < std::fabs(b);
            })));
  EXPECT_EQ(plain.quality.clipped_samples,
            std::count_if(samples.begin(), samples.end(),
                          [](float sample) { return std::fabs(sample) >= 0.99F; }));
  request.analyze_alignment = true;
  const Quality analyzed = generate(engine, request).quality;
  EXPECT_EQ(analyzed.text_coverage, 0.75F);
  ASSERT_EQ(analyzed.interventions.size(), 2U);
  EXPECT_EQ(analyzed.interventions[1].kind, Intervention::kTokenRepetition);
  EXPECT_EQ(analyzed.interventions[1].first_step, 6);
}

TEST_F(EngineTest, TimingsAreThoseOfTheStages) {
  FakeCosts costs;
  costs.prefill_part = 0.5;
  costs.step = 0.25;
  costs.euler_frame = 0.125;
  costs.vocoder_frame = 0.0625;
  costs.watermark = 2;
  const VirtualTime time(costs);
  Engine engine({});
  Request request = request_for("Hello.");  // 10 tokens, 20 frames, 4 Euler steps
  const Timings timings = generate(engine, request).timings;
  EXPECT_NEAR(timings.queued, 0, 1e-6);
  EXPECT_NEAR(timings.text, 1e-6, 1e-9);
  EXPECT_NEAR(timings.prefill, 2e-6, 1e-9);
  EXPECT_NEAR(timings.decode, 2.5, 1e-6);
  EXPECT_NEAR(timings.flow, 10, 1e-6);
  EXPECT_NEAR(timings.vocoder, 1.25, 1e-6);
  EXPECT_NEAR(timings.watermark, 2, 1e-6);
  EXPECT_NEAR(timings.total, 1 + 2.5 + 10 + 1.25 + 2, 1e-6);
}

TEST_F(EngineTest, ReportsTheSeedItPickedAndRepeatsIt) {
  Engine engine({});
  Request request = request_for("Hello.");
  request.seed.reset();
  const Result first = generate(engine, request);
  const Result second = generate(engine, request);
  EXPECT_NE(first.seed, second.seed);
  EXPECT_NE(first.audio.samples, second.audio.samples);
  request.seed = first.seed;
  const Result again = generate(engine, request);
  EXPECT_EQ(again.seed, first.seed);
  EXPECT_EQ(again.audio.samples, first.audio.samples);
}

TEST_F(EngineTest, SaysWhenTheSpeechIsCutShort) {
  Engine engine({});
  Request request = request_for("Hello.");
  request.max_new_tokens = 3;
  const Result result = generate(engine, request);
  EXPECT_EQ(result.finish_reason, FinishReason::kMaxTokens);
  EXPECT_EQ(result.speech_tokens, 3);
}

TEST_F(EngineTest, ExplicitZerosReachTheModel) {
  runtime::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  Engine engine({});
  Request request = request_for("Hello.");
  request.seed = 0;
  request.temperature = 0.F;
  request.cfg_weight = 0.F;
  request.exaggeration = 0.F;
  request.min_p = 0.F;
  EXPECT_EQ(generate(engine, request).seed, 0U);
  EXPECT_EQ(seen.temperature, 0);
  EXPECT_EQ(seen.cfg_weight, 0);
  EXPECT_EQ(seen.exaggeration, 0);
  EXPECT_EQ(seen.min_p, 0);
}

// Silently spoke Turbo with ten Euler steps once.
TEST_F(EngineTest, ARequestThatSaysNothingIsTheFamilys) {
  runtime::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  Engine engine({});
  (void)generate(engine, "Hello.");
  const RequestDefaults& defaults = engine.info().defaults;
  EXPECT_EQ(seen.temperature, defaults.temperature);
  EXPECT_EQ(seen.cfg_weight, defaults.cfg_weight);
  EXPECT_EQ(seen.exaggeration, defaults.exaggeration);
  EXPECT_EQ(seen.min_p, defaults.min_p);
  EXPECT_EQ(seen.top_p, defaults.top_p);
  EXPECT_EQ(seen.top_k, defaults.top_k);
  EXPECT_EQ(seen.repetition_penalty, defaults.repetition_penalty);
  EXPECT_EQ(seen.max_new_tokens, defaults.max_new_tokens);
  EXPECT_EQ(seen.cfm_steps, kFakeSteps);
  EXPECT_EQ(seen.analyze_alignment, defaults.analyze_alignment);
}

// Once, by the caller.
TEST_F(EngineTest, TheTextIsTokenisedAtSubmission) {
  std::vector<std::thread::id> threads;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kEncode) threads.push_back(std::this_thread::get_id());
  });
  Engine engine({});
  (void)generate(engine, "Hello.");
  EXPECT_THAT(threads, ElementsAre(std::this_thread::get_id()));
}

TEST_F(EngineTest, ProgressTellsTheStagesInOrder) {
  Engine engine({});
  std::vector<std::string> seen;
  Request request = request_for("ab");
  request.cfm_steps = 2;
  request.max_new_tokens = 50;
  request.on_progress = [&](const Progress& progress) {
    seen.push_back(std::to_string(static_cast<int>(progress.stage)) + " " +
                   std::to_string(progress.done) + "/" + std::to_string(progress.total));
  };
  (void)generate(engine, request);
  const std::vector<std::string> expected = {"1 0/0",  "2 1/50", "2 2/50", "2 3/50",
                                             "2 4/50", "2 5/50", "2 6/50", "3 0/2",
                                             "3 1/2",  "3 2/2",  "4 0/0",  "5 0/0"};
  EXPECT_EQ(seen, expected);
}

TEST_F(EngineTest, GuidanceIsOfAllEulerStepsOrOfTheFirst) {
  runtime::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  Engine engine({});
  Request request = request_for("a");
  (void)generate(engine, request);
  EXPECT_EQ(seen.cfg_steps, kFakeSteps);
  for (const int32_t steps : {0, 2, 3}) {
    request.cfm_steps = 3;
    request.cfg_steps = steps;
    (void)generate(engine, request);
    EXPECT_EQ(seen.cfm_steps, 3);
    EXPECT_EQ(seen.cfg_steps, steps);
  }
  request.cfg_steps = 4;
  const auto failure = failure_of([&] { (void)engine.submit(request); });
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_EQ(failure.message, "cfg_steps must be at most cfm_steps, which is 3, got 4");
}

TEST_F(EngineTest, AMeanFlowTakesNoGuidance) {
  EngineOptions options;
  options.family = Family::kNano;
  Engine engine(options);
  EXPECT_TRUE(engine.info().meanflow);
  Request request = request_for("a");
  (void)generate(engine, request);
  request.cfg_steps = 0;
  const auto failure = failure_of([&] { (void)engine.submit(request); });
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_EQ(failure.message,
            "cfg_steps must not be set for an S3Gen with a mean flow, which takes no guidance, got "
            "0");
}

TEST_F(EngineTest, TensorsReachTheCallback) {
  Engine engine({});
  std::vector<std::string> names;
  Request request = request_for("a");
  request.on_tensor = [&](const TensorView& view) {
    names.emplace_back(view.name);
    EXPECT_EQ(view.rank, 1U);
    EXPECT_EQ(view.shape[0], 1);
  };
  (void)generate(engine, request);
  EXPECT_EQ(names, (std::vector<std::string>{"fake.text", "fake.token", "fake.token", "fake.token",
                                             "fake.token", "fake.token"}));
}

TEST_F(EngineTest, RequestsRunInTheOrderOfSubmission) {
  Latch gate;
  std::vector<std::string> order;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kBegin) return;
    order.push_back(call.task->text);
    if (order.size() == 1) gate.wait();
  });
  Engine engine({});
  std::vector<Job> jobs;
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) {
    texts.push_back("text " + std::to_string(i));
    jobs.push_back(engine.submit(request_for(texts.back())));
  }
  EXPECT_FALSE(jobs.back().wait(std::chrono::milliseconds(1)));
  gate.open();
  for (const Job& job : jobs) EXPECT_FALSE(job.result().audio.samples.empty());
  EXPECT_EQ(order, texts);
}

TEST_F(EngineTest, InfoAndLimitsAreTheModels) {
  EngineOptions options;
  options.device = "cpu";
  options.precision = Precision::kBf16;
  options.max_batch = 3;
  options.max_queue = 5;
  const Engine engine(options);
  EXPECT_EQ(engine.info().family, "fake");
  EXPECT_EQ(engine.info().device, "cpu");
  EXPECT_EQ(engine.info().precision, "bf16");
  EXPECT_TRUE(engine.info().has_default_voice);
  const Limits& limits = engine.limits();
  EXPECT_EQ(limits.rows, 6);
  EXPECT_EQ(limits.positions, 7);
  EXPECT_EQ(limits.cache_bytes, 6 * 70);
  EXPECT_EQ(limits.batch_frames, kFakeBatchFrames);
  EXPECT_EQ(limits.prefix_bytes, kFakePrefixBytes);
  EXPECT_EQ(limits.max_batch, 3);
  EXPECT_EQ(limits.max_queue, 5);
  EXPECT_EQ(limits.max_queue_bytes, int64_t{1} << 30);
  EXPECT_EQ(limits.max_text_tokens, kFakeMaxTextBytes);
  EXPECT_EQ(engine.count_tokens("Hello.", "", false), 6);
}

TEST_F(EngineTest, AVoiceChangesTheSpeechAndIsShared) {
  Engine engine({});
  const Voice made = engine.make_voice(recording(), {});
  EXPECT_EQ(made.conditionals()->prompt_tokens.size(), 3U);
  Request request = request_for("Hello.");
  const auto own = generate(engine, request).audio.samples;
  request.voice = made;
  EXPECT_NE(generate(engine, request).audio.samples, own);
  request.voice = engine.default_voice();
  EXPECT_EQ(generate(engine, request).audio.samples, own);
  EXPECT_EQ(engine.named_voice(kFakeVoice).conditionals()->x_vector.front(), 2);
}

TEST_F(EngineTest, AModelWithoutVoiceNeedsOne) {
  EngineOptions options;
  options.model = kFakeWithoutVoice;
  Engine engine(options);
  EXPECT_EQ(failure_of([&] { (void)engine.default_voice(); }).status, Status::kNotFound);
  EXPECT_EQ(failure_of([&] { (void)generate(engine, "Hello."); }).status, Status::kNotFound);
  Request request = request_for("Hello.");
  request.voice = engine.make_voice(recording(), {});
  EXPECT_NO_THROW((void)generate(engine, request));
}

TEST_F(EngineTest, VoicesJobsAndResultsOutliveTheEngine) {
  std::optional<Voice> voice;
  std::optional<Job> job;
  {
    Engine engine({});
    voice = engine.default_voice();
    job = engine.submit(request_for("Hello."));
    (void)job->result();
  }
  job->cancel();
  EXPECT_TRUE(job->done());
  EXPECT_EQ(job->result().speech_tokens, 10);
  EXPECT_EQ(voice->conditionals()->mel_frames(), 5);
  EXPECT_EQ(fake_models(), 0);
}

TEST_F(EngineTest, TheLogIsTheCallers) {
  std::vector<std::string> lines;
  EngineOptions options;
  options.log_level = LogLevel::kDebug;
  options.log = [&](LogLevel level, uint64_t tag, std::string_view message) {
    lines.push_back(std::to_string(static_cast<int>(level)) + " " + std::to_string(tag) + " " +
                    std::string(message));
    throw 42;
  };
  {
    Engine engine(options);
    Request request = request_for("Hello.");
    request.seed = 77;
    request.tag = 12;
    request.max_new_tokens = 2;
    (void)generate(engine, request);
  }
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], ::testing::StartsWith("1 0 loaded demo (fake"));
  EXPECT_THAT(lines[1], ::testing::StartsWith("0 12 seed 77"));
  EXPECT_THAT(lines[2], HasSubstr("1 12 seed 77: stopped at max_new_tokens"));
}

TEST_F(EngineTest, TheLogStaysSilentBelowItsLevel) {
  int lines = 0;
  EngineOptions options;
  options.log = [&](LogLevel, uint64_t, std::string_view) { ++lines; };
  Engine engine(options);
  (void)generate(engine, "Hello.");
  EXPECT_EQ(lines, 0);
}

}  // namespace
}  // namespace chatterbox
