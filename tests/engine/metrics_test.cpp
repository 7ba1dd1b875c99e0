// What a monitor sees of an engine, in virtual time.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "engine/long_texts.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"
#include "support/virtual_time.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

size_t index_of(Status status) { return static_cast<size_t>(-static_cast<int32_t>(status)); }

class MetricsTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  static FakeCosts costs() {
    FakeCosts some;
    some.step_row = 0.125;
    some.euler_frame = 0.25;  // a unit of speech_work() with vocoder_frame
    some.vocoder_frame = 0.5;
    return some;
  }

  const VirtualTime time_{costs()};
};

TEST_F(MetricsTest, AnIdleEngineIsHealthyAndHasNothing) {
  const Engine engine({});
  const Metrics metrics = engine.metrics();
  EXPECT_TRUE(metrics.healthy);
  EXPECT_EQ(metrics.running + metrics.waiting + metrics.waiting_bytes + metrics.rows_in_use, 0);
  EXPECT_EQ(metrics.step_seconds, 0);
  EXPECT_EQ(metrics.seconds_since_step, 0);
  EXPECT_EQ(metrics.queue_seconds, 0);
  for (const int64_t ended : metrics.ended) EXPECT_EQ(ended, 0);
}

TEST_F(MetricsTest, CountsWhatHasBeen) {
  Engine engine({});
  (void)generate(engine, "Hello.");                                  // 10 tokens
  (void)generate(engine, conversion_of(24000));                      // draws none
  (void)engine.submit_long(request_for("One.\nTwo."), {}).result();  // twice 8
  (void)engine.make_voice(recording(), {});
  Request broken = request_for("Hello.");
  broken.max_new_tokens = 3;
  broken.on_progress = [](const Progress& progress) {
    if (progress.stage == Stage::kFlow) throw std::runtime_error("no");
  };
  (void)status_of(engine.submit(broken));
  const Metrics metrics = engine.metrics();
  EXPECT_EQ(metrics.speech_tokens, 10 + 16 + 3);
  EXPECT_GE(metrics.decode_steps, 10 + 8 + 3);
  EXPECT_NEAR(metrics.audio_seconds, (10 + 24 + 16) / 25.0, 1e-9);
  EXPECT_GE(metrics.peak_rows, 2);
  EXPECT_EQ(metrics.prefix_misses, 2);
  EXPECT_EQ(metrics.prefix_positions_saved, 3);
  EXPECT_EQ(metrics.ended[0], 4);  // a long text is one, a voice too
  EXPECT_EQ(metrics.ended[index_of(Status::kInternal)], 1);
  EXPECT_EQ(metrics.running, 0);
  EXPECT_EQ(metrics.seconds_since_step, 0);
}

TEST_F(MetricsTest, AStepIsAMovingAverage) {
  Engine engine({});
  (void)generate(engine, "Hello.");
  EXPECT_NEAR(engine.metrics().step_seconds, 0.25, 1e-6);
  Request one_row = request_for(std::string(200, 'x'));
  one_row.cfg_weight = 0.F;
  (void)generate(engine, one_row);
  EXPECT_NEAR(engine.metrics().step_seconds, 0.125, 1e-4);
}

// The work of what runs and waits, by what the same work has taken.
TEST_F(MetricsTest, EstimatesWhatLiesAhead) {
  Latch held, go_on;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kStep || call.task->text != "0123456789abcdef") return;
    if (call.index != 5) return;
    held.open();
    go_on.wait();
  });
  Engine engine({});
  const std::string text = "0123456789abcde";  // 15 ids, 19 tokens
  const double alone = generate(engine, text).timings.total;
  const double speech = 2 * 19 * (4 * 0.25 + 0.5);
  EXPECT_NEAR(alone, 19 * 0.25 + speech, 1e-6);
  EXPECT_EQ(engine.metrics().queue_seconds, 0);
  const Job running = engine.submit(request_for(text + "f"));
  held.wait();
  const Job waiting = engine.submit(request_for(text));
  // Of the one that runs 5 of 20 tokens are there, and prompts are counted, which cost nothing
  // here.
  const double unit = (4 * 0.25 + 0.5) / 6;
  const double prompt = 2 * 2 * 6 * unit;
  const double expected = (20 - 5) * 0.25 + 2 * 20 * 6 * unit + alone + 2 * prompt;
  EXPECT_NEAR(engine.metrics().queue_seconds, expected, 0.05 * expected);
  EXPECT_EQ(engine.metrics().waiting, 1);
  go_on.open();
  (void)running.result();
  (void)waiting.result();
  while (engine.metrics().queue_seconds > 0) std::this_thread::yield();
}

// A host that sees it grow knows that the engine hangs.
TEST_F(MetricsTest, TheHeartbeatIsTheLastWorkThatWasDone) {
  Latch held, go_on;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kEuler || call.index != 2) return;
    held.open();
    go_on.wait();
  });
  Engine engine({});
  const Job job = engine.submit(request_for("Hello."));
  held.wait();
  EXPECT_NEAR(engine.metrics().seconds_since_step, 0, 1e-6);
  VirtualTime::current()->pass(77);
  EXPECT_NEAR(engine.metrics().seconds_since_step, 77, 1e-6);
  go_on.open();
  (void)job.result();
  EXPECT_EQ(engine.metrics().seconds_since_step, 0);
}

}  // namespace
}  // namespace chatterbox
