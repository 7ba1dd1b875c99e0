// Voice conversion over a fake executor: it draws no tokens and takes no rows, and is otherwise as
// any request.
#include <gmock/gmock.h>

#include <cmath>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class ConversionTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }
};

TEST_F(ConversionTest, HasTheSourcesTokens) {
  Engine engine({});
  const Conversion conversion = conversion_of(24000);
  const Result result = generate(engine, conversion);
  EXPECT_EQ(result.speech_tokens, fake_source_tokens(conversion.source));
  EXPECT_EQ(result.audio.samples.size(), result.speech_tokens * kFakeSamplesPerToken);
  EXPECT_EQ(result.seed, 3U);
  EXPECT_EQ(result.text_tokens, 0);
  EXPECT_EQ(result.decode_steps, 0);
  EXPECT_EQ(engine.metrics().peak_rows, 0);
}

TEST_F(ConversionTest, TakesTheFamilysStepsAndReportsItsStages) {
  Engine engine({});
  Conversion conversion = conversion_of(24000);
  std::vector<Stage> stages;
  int64_t steps = 0;
  conversion.on_progress = [&](const Progress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.push_back(progress.stage);
    if (progress.stage == Stage::kFlow) steps = progress.total;
  };
  (void)generate(engine, conversion);
  EXPECT_EQ(steps, kFakeSteps);
  EXPECT_THAT(stages,
              ::testing::ElementsAre(Stage::kPrefill, Stage::kFlow, Stage::kVocoder, Stage::kDone));
  conversion.cfm_steps = 7;
  (void)generate(engine, conversion);
  EXPECT_EQ(steps, 7);
}

TEST_F(ConversionTest, RunsAmongRequestsInEveryMode) {
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    SCOPED_TRACE(static_cast<int>(mode));
    EngineOptions options;
    options.mode = mode;
    Engine engine(options);
    const auto alone = generate(engine, conversion_of(48000)).audio.samples;
    const Job first = engine.submit(request_for("A request before it."));
    const Job second = engine.submit(conversion_of(48000));
    const Job third = engine.submit(request_for("And one behind."));
    EXPECT_EQ(second.result().audio.samples, alone);
    EXPECT_FALSE(first.result().audio.samples.empty());
    EXPECT_FALSE(third.result().audio.samples.empty());
    EXPECT_EQ(engine.metrics().rows_in_use, 0);
  }
}

TEST_F(ConversionTest, CanBeCancelledWhileQueued) {
  Engine engine({});
  Latch gate;
  Request holding = request_for("Holds the engine.");
  holding.on_progress = [&](const Progress&) { gate.wait(); };
  const Job first = engine.submit(holding);
  const Job second = engine.submit(conversion_of(24000));
  second.cancel();
  EXPECT_EQ(failure_of([&] { (void)second.result(); }).status, Status::kCancelled);
  gate.open();
  EXPECT_NO_THROW((void)first.result());
}

TEST_F(ConversionTest, WrongSourcesAreRefused) {
  Engine engine({});
  const auto refusal = [&](const Conversion& conversion) {
    return failure_of([&] { (void)generate(engine, conversion); });
  };
  Failure failure = refusal(conversion_of(2399));
  EXPECT_EQ(failure.status, Status::kBadAudio);
  EXPECT_THAT(failure.message, HasSubstr("must be 0.1 to 600 s long, got 0.0999583 s"));
  Conversion conversion = conversion_of(24000);
  conversion.source.samples[7] = NAN;
  failure = refusal(conversion);
  EXPECT_EQ(failure.status, Status::kBadAudio);
  EXPECT_THAT(failure.message, HasSubstr("sample 7 is nan"));
  conversion = conversion_of(24000);
  conversion.cfg_steps = 101;
  EXPECT_EQ(failure_of([&] { (void)engine.submit(conversion); }).message,
            "cfg_steps must be in [0, 100], got 101");
  conversion.cfg_steps = std::nullopt;
  conversion.cfm_steps = 0;
  failure = refusal(conversion);
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_EQ(failure.message, "cfm_steps must be in [1, 100], got 0");
  EXPECT_EQ(engine.metrics().running, 0);
}

TEST_F(ConversionTest, FailsAlone) {
  Engine engine({});
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kPrefill && call.task->source) throw std::runtime_error("broken");
  });
  const Job request = engine.submit(request_for("Goes on."));
  const Failure failure = failure_of([&] { (void)generate(engine, conversion_of(24000)); });
  EXPECT_EQ(failure.status, Status::kInternal);
  EXPECT_THAT(failure.message, HasSubstr("broken"));
  EXPECT_NO_THROW((void)request.result());
}

// It drew nothing, so what ends those that draw does not concern it.
TEST_F(ConversionTest, AFailedStepLeavesItAlone) {
  Engine engine({});
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kStep) throw std::runtime_error("no step");
  });
  const Job request = engine.submit(request_for("Fails."));
  const Job conversion = engine.submit(conversion_of(24000));
  EXPECT_NO_THROW((void)conversion.result());
  EXPECT_EQ(failure_of([&] { (void)request.result(); }).status, Status::kInternal);
}

TEST_F(ConversionTest, ABatchMayHaveNothingElse) {
  EngineOptions options;
  options.mode = Mode::kBatch;
  Engine engine(options);
  const Job first = engine.submit(conversion_of(24000));
  const Job second = engine.submit(conversion_of(48000));
  EXPECT_EQ(first.result().speech_tokens, 24);
  EXPECT_EQ(second.result().speech_tokens, 48);
}

}  // namespace
}  // namespace chatterbox
