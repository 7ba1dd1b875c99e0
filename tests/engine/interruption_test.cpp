// Cancellation is heard within a part of the work, wherever the executors ask.
#include "support/interruption.h"

#include <gtest/gtest.h>

#include <atomic>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

// Cancels all when a point is reached for the first time, and counts how often it is.
class CancelAt {
 public:
  CancelAt(Engine& engine, FakePoint point)
      : hook_([this, &engine, point](const FakeCall& call) {
          if (call.point == point && calls_++ == 0) engine.cancel_all();
        }) {}
  [[nodiscard]] int calls() const { return calls_; }

 private:
  std::atomic<int> calls_{0};
  const ScopedFakeHook hook_;
};

TEST(Interruption, AVoiceIsGivenUpWithinAPart) {
  Engine engine({});
  {
    const CancelAt cancel(engine, FakePoint::kPrefill);
    const auto make = [&] { (void)engine.make_voice(recording(), {}); };
    EXPECT_EQ(failure_of(make).status, Status::kCancelled);
    EXPECT_EQ(cancel.calls(), 1);  // of two
  }
  EXPECT_EQ(engine.make_voice(recording(), {}).conditionals()->x_vector.front(), 0.5F);
  EXPECT_EQ(fake_breaches(), 0);
}

// While its recording is prepared, on the caller's thread, there is no job yet.
TEST(Interruption, AVoiceIsGivenUpBeforeItIsQueued) {
  Engine engine({});
  const CancelAt cancel(engine, FakePoint::kCheck);
  const auto make = [&] { (void)engine.make_voice(recording(), {}); };
  EXPECT_EQ(failure_of(make).status, Status::kCancelled);
  EXPECT_EQ(engine.metrics().waiting, 0);
  EXPECT_EQ(engine.metrics().running, 0);
}

TEST(Interruption, ASourceIsGivenUpWithinAPart) {
  Engine engine({});
  const CancelAt cancel(engine, FakePoint::kPrefill);
  EXPECT_EQ(status_of(engine.submit(conversion_of(24000))), Status::kCancelled);
  EXPECT_EQ(cancel.calls(), 1);
}

// What a prefill has begun is dropped, and what the others get is the same.
TEST(Interruption, APrefillThatIsGivenUpConcernsNobodyElse) {
  Engine engine({});
  const std::vector<float> alone = generate(engine, "Another.").audio.samples;
  Latch begun, cancelled;
  std::atomic<int> parts{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kPrefill || call.task->text != "One.") return;
    if (parts++ > 0) return;
    begun.open();
    cancelled.wait();
  });
  const Job victim = engine.submit(request_for("One."));
  const Job other = engine.submit(request_for("Another."));
  begun.wait();
  victim.cancel();
  cancelled.open();
  EXPECT_EQ(status_of(victim), Status::kCancelled);
  EXPECT_EQ(other.result().audio.samples, alone);
  EXPECT_EQ(parts, 1);
  EXPECT_EQ(engine.metrics().rows_in_use, 0);
  EXPECT_EQ(fake_breaches(), 0);
}

TEST(Interruption, AWatermarkIsGivenUp) {
  Engine engine({});
  {
    const CancelAt cancel(engine, FakePoint::kWatermark);
    EXPECT_EQ(status_of(engine.submit(request_for("One."))), Status::kCancelled);
  }
  EXPECT_FALSE(generate(engine, "One.").audio.samples.empty());
}

// What a caller computes within a callback is the caller's: nobody ends it for the job's sake.
TEST(Interruption, CallbacksAreNotInterrupted) {
  Engine engine({});
  std::atomic<int> passed{0};
  Request request = request_for("One.");
  request.on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kFlow) return;
    engine.cancel_all();
    interruption_point();
    ++passed;
  };
  EXPECT_EQ(status_of(engine.submit(request)), Status::kCancelled);
  EXPECT_EQ(passed, 1);
}

}  // namespace
}  // namespace chatterbox
