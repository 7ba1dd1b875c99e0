// The engine over a fake executor: speaking, order, progress, voices, validation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <cmath>
#include <thread>

#include "support/fake_executor.h"
#include "support/latch.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class EngineTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }
};

Request request_for(const std::string& text) {
  Request request;
  request.text = text;
  return request;
}

Status status_of(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.status();
  }
  return Status::kOk;
}

TEST_F(EngineTest, SpeaksWithAllThatAResultHas) {
  const auto engine = ChatterboxEngine::load();
  const Result result = engine.generate("Hello.");
  EXPECT_EQ(result.audio.samples.size(), fake_tokens("Hello.") * kFakeSamplesPerToken);
  EXPECT_EQ(result.audio.sample_rate, 24000);
  EXPECT_EQ(result.audio.channels, 1);
  EXPECT_EQ(result.finish_reason, FinishReason::kEos);
  EXPECT_EQ(result.text_tokens, 8);
  EXPECT_EQ(result.speech_tokens, 10);
  EXPECT_EQ(result.decode_steps, 9);
}

TEST_F(EngineTest, QualityIsOfTheTokensAndOfTheWave) {
  const auto engine = ChatterboxEngine::load();
  Request request = request_for("Hello.");
  const Result plain = engine.generate(request);
  EXPECT_EQ(plain.quality.longest_repetition, 3);
  EXPECT_FALSE(plain.quality.text_coverage.has_value());
  EXPECT_TRUE(plain.quality.interventions.empty());
  // The fake executor's samples are noise in [-1, 1).
  const std::vector<float>& samples = plain.audio.samples;
  EXPECT_EQ(plain.quality.peak,
            std::fabs(*std::max_element(samples.begin(), samples.end(), [](float a, float b) {
              return std::fabs(a) < std::fabs(b);
            })));
  EXPECT_EQ(plain.quality.clipped_samples,
            std::count_if(samples.begin(), samples.end(),
                          [](float sample) { return std::fabs(sample) >= 0.99F; }));
  request.analyze_alignment = true;
  const Quality analyzed = engine.generate(request).quality;
  EXPECT_EQ(analyzed.text_coverage, 0.75F);
  ASSERT_EQ(analyzed.interventions.size(), 2U);
  EXPECT_EQ(analyzed.interventions[1].kind, Intervention::kTokenRepetition);
  EXPECT_EQ(analyzed.interventions[1].first_step, 6);
}

TEST_F(EngineTest, TimingsAreThoseOfTheStages) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    const bool slow = call.point == FakePoint::kFlow || call.point == FakePoint::kVocode ||
                      (call.point == FakePoint::kStep && call.index == 0);
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  const auto engine = ChatterboxEngine::load();
  const Timings timings = engine.generate("Hello.").timings;
  EXPECT_GE(timings.queued, 0);
  EXPECT_DOUBLE_EQ(timings.text, 1e-6);
  EXPECT_DOUBLE_EQ(timings.prefill, 2e-6);
  EXPECT_GE(timings.decode, 0.005);
  EXPECT_GE(timings.flow, 0.005);
  EXPECT_GE(timings.vocoder, 0.005);
  EXPECT_GE(timings.total, timings.queued + timings.decode + timings.flow + timings.vocoder);
}

TEST_F(EngineTest, ReportsTheSeedItPickedAndRepeatsIt) {
  const auto engine = ChatterboxEngine::load();
  const Result first = engine.generate("Hello.");
  const Result second = engine.generate("Hello.");
  EXPECT_NE(first.seed, second.seed);
  EXPECT_NE(first.audio.samples, second.audio.samples);
  Request request = request_for("Hello.");
  request.seed = first.seed;
  const Result again = engine.generate(request);
  EXPECT_EQ(again.seed, first.seed);
  EXPECT_EQ(again.audio.samples, first.audio.samples);
}

TEST_F(EngineTest, SaysWhenTheSpeechIsCutShort) {
  const auto engine = ChatterboxEngine::load();
  Request request = request_for("Hello.");
  request.max_new_tokens = 3;
  const Result result = engine.generate(request);
  EXPECT_EQ(result.finish_reason, FinishReason::kMaxTokens);
  EXPECT_EQ(result.speech_tokens, 3);
}

TEST_F(EngineTest, ExplicitZerosReachTheExecutor) {
  engine::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  const auto engine = ChatterboxEngine::load();
  Request request = request_for("Hello.");
  request.seed = 0;
  request.temperature = 0;
  request.cfg_weight = 0;
  request.exaggeration = 0;
  request.min_p = 0;
  EXPECT_EQ(engine.generate(request).seed, 0U);
  EXPECT_EQ(seen.temperature, 0);
  EXPECT_EQ(seen.cfg_weight, 0);
  EXPECT_EQ(seen.exaggeration, 0);
  EXPECT_EQ(seen.min_p, 0);
  EXPECT_EQ(seen.top_p, 1);
  EXPECT_EQ(seen.repetition_penalty, 1.2F);
  EXPECT_EQ(seen.max_new_tokens, 1000);
  EXPECT_EQ(seen.cfm_steps, 10);
}

TEST_F(EngineTest, ProgressTellsTheStagesInOrder) {
  const auto engine = ChatterboxEngine::load();
  std::vector<std::string> seen;
  Request request = request_for("ab");
  request.cfm_steps = 2;
  request.max_new_tokens = 50;
  request.on_progress = [&](const Progress& progress) {
    seen.push_back(std::to_string(static_cast<int>(progress.stage)) + " " +
                   std::to_string(progress.done) + "/" + std::to_string(progress.total));
  };
  (void)engine.generate(request);
  const std::vector<std::string> expected = {"1 0/0",  "2 1/50", "2 2/50", "2 3/50",
                                             "2 4/50", "2 5/50", "2 6/50", "3 0/2",
                                             "3 1/2",  "3 2/2",  "4 0/0",  "5 0/0"};
  EXPECT_EQ(seen, expected);
}

TEST_F(EngineTest, TensorsReachTheCallback) {
  const auto engine = ChatterboxEngine::load();
  std::vector<std::string> names;
  Request request = request_for("a");
  request.on_tensor = [&](const TensorView& view) {
    names.emplace_back(view.name);
    EXPECT_EQ(view.rank, 1U);
    EXPECT_EQ(view.shape[0], 1);
  };
  (void)engine.generate(request);
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
  const auto engine = ChatterboxEngine::load();
  std::vector<Job> jobs;
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) {
    texts.push_back("text " + std::to_string(i));
    jobs.push_back(engine.submit(request_for(texts.back())));
  }
  EXPECT_FALSE(jobs.back().wait_for(std::chrono::milliseconds(1)));
  gate.open();
  for (const Job& job : jobs) EXPECT_FALSE(job.wait().audio.samples.empty());
  EXPECT_EQ(order, texts);
}

TEST_F(EngineTest, AFullQueueIsBusy) {
  Latch gate;
  Latch started;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kBegin) return;
    started.open();
    gate.wait();
  });
  EngineOptions options;
  options.max_queue = 2;
  const auto engine = ChatterboxEngine::load(options);
  const Job running = engine.submit(request_for("a"));
  started.wait();
  const Job first = engine.submit(request_for("b"));
  const Job second = engine.submit(request_for("c"));
  std::string message;
  EXPECT_EQ(status_of([&] { (void)engine.submit(request_for("d")); }, &message), Status::kBusy);
  EXPECT_THAT(message, HasSubstr("2"));
  EXPECT_EQ(status_of([&] {
              (void)engine.make_voice({std::vector<float>(24000), 24000, 1});
            }),
            Status::kBusy);
  first.cancel();  // makes room
  const Job third = engine.submit(request_for("e"));
  gate.open();
  EXPECT_NO_THROW((void)running.wait());
  EXPECT_NO_THROW((void)second.wait());
  EXPECT_NO_THROW((void)third.wait());
}

TEST_F(EngineTest, InfoIsTheExecutors) {
  EngineOptions options;
  options.device = "cpu";
  options.precision = Precision::kBf16;
  const auto engine = ChatterboxEngine::load(options);
  const EngineInfo info = engine.info();
  EXPECT_EQ(info.family, "fake");
  EXPECT_EQ(info.device, "cpu");
  EXPECT_EQ(info.precision, "bf16");
  EXPECT_TRUE(info.has_default_voice);
}

TEST_F(EngineTest, AVoiceChangesTheSpeechAndIsShared) {
  const auto engine = ChatterboxEngine::load();
  const Voice made = engine.make_voice({std::vector<float>(24000, 0.5F), 24000, 1});
  EXPECT_EQ(made.info().prompt_tokens, 3);
  EXPECT_EQ(made.info().s3gen_tokens, 2);
  EXPECT_EQ(made.info().mel_frames, 5);
  Request request = request_for("Hello.");
  request.seed = 1;
  const auto own = engine.generate(request).audio.samples;
  request.voice = made;
  const auto other = engine.generate(request).audio.samples;
  EXPECT_NE(own, other);
  request.voice = engine.default_voice();
  EXPECT_EQ(engine.generate(request).audio.samples, own);
}

TEST_F(EngineTest, VoicesTensorsReachTheCallback) {
  const auto engine = ChatterboxEngine::load();
  int64_t size = 0;
  VoiceOptions options;
  options.on_tensor = [&](const TensorView& view) { size = view.shape[0]; };
  (void)engine.make_voice({std::vector<float>(24000, 0.5F), 24000, 1}, options);
  EXPECT_EQ(size, 24000);
}

TEST_F(EngineTest, AModelWithoutVoiceNeedsOne) {
  EngineOptions options;
  options.model = kFakeWithoutVoice;
  const auto engine = ChatterboxEngine::load(options);
  EXPECT_EQ(status_of([&] { (void)engine.default_voice(); }), Status::kNotFound);
  EXPECT_EQ(status_of([&] { (void)engine.generate("Hello."); }), Status::kNotFound);
  const Voice voice = engine.make_voice({std::vector<float>(24000, 0.5F), 24000, 1});
  EXPECT_NO_THROW((void)engine.generate("Hello.", voice));
}

TEST_F(EngineTest, VoicesJobsAndResultsOutliveTheEngine) {
  std::optional<Voice> voice;
  std::optional<Job> job;
  {
    const auto engine = ChatterboxEngine::load();
    voice = engine.default_voice();
    job = engine.submit(request_for("Hello."));
    (void)job->wait();
  }
  job->cancel();
  EXPECT_TRUE(job->done());
  EXPECT_EQ(job->wait().speech_tokens, 10);
  EXPECT_EQ(voice->info().mel_frames, 5);
}

TEST_F(EngineTest, EnginesComeAndGoAndAreMoved) {
  for (int i = 0; i < 3; ++i) {
    auto first = ChatterboxEngine::load();
    auto second = ChatterboxEngine::load();
    second = std::move(first);
    EXPECT_EQ(second.generate("Hello.").speech_tokens, 10);
  }
}

TEST_F(EngineTest, WaitForTakesAnyTimeout) {
  const auto engine = ChatterboxEngine::load();
  const Job job = engine.submit(request_for("Hello."));
  EXPECT_TRUE(job.wait_for(std::chrono::nanoseconds::max()));
  EXPECT_TRUE(job.wait_for(std::chrono::nanoseconds::min()));
  EXPECT_TRUE(job.wait_for(std::chrono::nanoseconds(0)));
}

TEST_F(EngineTest, TheLogIsTheCallers) {
  std::vector<std::string> lines;
  EngineOptions options;
  options.log_level = LogLevel::kDebug;
  options.log = [&](LogLevel level, std::string_view message) {
    lines.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(message));
    throw 42;
  };
  {
    const auto engine = ChatterboxEngine::load(options);
    Request request = request_for("Hello.");
    request.seed = 77;
    request.max_new_tokens = 2;
    (void)engine.generate(request);
  }
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], ::testing::StartsWith("1 loaded demo (fake"));
  EXPECT_THAT(lines[1], ::testing::StartsWith("0 seed 77"));
  EXPECT_THAT(lines[2], HasSubstr("max_new_tokens"));
}

TEST_F(EngineTest, TheLogStaysSilentBelowItsLevel) {
  int lines = 0;
  EngineOptions options;
  options.log = [&](LogLevel, std::string_view) { ++lines; };
  const auto engine = ChatterboxEngine::load(options);
  (void)engine.generate("Hello.");
  EXPECT_EQ(lines, 0);
}

}  // namespace
}  // namespace chatterbox
