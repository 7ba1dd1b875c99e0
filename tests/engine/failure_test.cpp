// What goes wrong: cancellation, exceptions from the executor and from callbacks, an engine that
// goes away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <thread>

#include "support/error.h"
#include "support/failure.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class FailureTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }
};

// What the next request gives must be what a fresh engine gives.
void expect_usable(Engine& engine) {
  Engine fresh({});
  EXPECT_EQ(generate(engine, request_for("Still here?")).audio.samples,
            generate(fresh, request_for("Still here?")).audio.samples);
}

TEST_F(FailureTest, CancelledBeforeItStarts) {
  Latch gate;
  Latch started;
  std::atomic<int> begun{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kBegin) return;
    ++begun;
    started.open();
    gate.wait();
  });
  Engine engine({});
  const Job running = engine.submit(request_for("a"));
  started.wait();
  const Job waiting = engine.submit(request_for("b"));
  waiting.cancel();
  EXPECT_TRUE(waiting.done());  // at once, though the worker is held up
  EXPECT_EQ(failure_of([&] { (void)waiting.result(); }).status, Status::kCancelled);
  EXPECT_EQ(failure_of([&] { (void)waiting.result(); }).status, Status::kCancelled);
  gate.open();
  EXPECT_NO_THROW((void)running.result());
  expect_usable(engine);
  EXPECT_EQ(begun, 3);  // a, and two of expect_usable
}

// Within the computation, not only between two of them.
TEST_F(FailureTest, CancelledInTheVocoderAtOnce) {
  Latch reached, cancelled;
  std::atomic<bool> watermarked{false};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.task != nullptr && call.task->text != "a") return;
    if (call.point == FakePoint::kWatermark) watermarked = true;
    if (call.point != FakePoint::kVocode) return;
    reached.open();
    cancelled.wait();
  });
  Engine engine({});
  const Job job = engine.submit(request_for("a"));
  reached.wait();
  job.cancel();
  cancelled.open();
  EXPECT_EQ(failure_of([&] { (void)job.result(); }).status, Status::kCancelled);
  EXPECT_FALSE(watermarked);
  expect_usable(engine);
}

TEST_F(FailureTest, CancelledInDecodeWithinOneStep) {
  std::optional<Job> job;
  Latch submitted;
  std::atomic<int64_t> last_step{-1};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kStep || call.task->text != "cancel me") return;
    submitted.wait();
    last_step = call.index;
    if (call.index == 3) job->cancel();
  });
  Engine engine({});
  job = engine.submit(request_for("cancel me"));
  submitted.open();
  EXPECT_EQ(failure_of([&] { (void)job->result(); }).status, Status::kCancelled);
  EXPECT_EQ(last_step, 3);
  expect_usable(engine);
}

TEST_F(FailureTest, CancelledInFlowWithinOneStep) {
  std::optional<Job> job;
  Latch submitted;
  std::atomic<int64_t> last_step{-1};
  std::atomic<bool> vocoded{false};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.task == nullptr || call.task->text != "cancel me") return;
    if (call.point == FakePoint::kVocode) vocoded = true;
    if (call.point != FakePoint::kEuler) return;
    submitted.wait();
    last_step = call.index;
    if (call.index == 2) job->cancel();
  });
  Engine engine({});
  job = engine.submit(request_for("cancel me"));
  submitted.open();
  EXPECT_EQ(failure_of([&] { (void)job->result(); }).status, Status::kCancelled);
  EXPECT_EQ(last_step, 2);
  EXPECT_FALSE(vocoded);
  expect_usable(engine);
}

TEST_F(FailureTest, CancelledFromItsOwnCallback) {
  Engine engine({});
  for (const Stage stage :
       {Stage::kPrefill, Stage::kDecode, Stage::kFlow, Stage::kVocoder, Stage::kDone}) {
    const bool too_late = stage == Stage::kDone;  // the last report of a request that succeeded
    std::optional<Job> job;
    Latch submitted;
    Request request = request_for("cancel me");
    request.on_progress = [&](const Progress& progress) {
      submitted.wait();
      if (progress.stage == stage) job->cancel();
    };
    job = engine.submit(request);
    submitted.open();
    EXPECT_EQ(failure_of([&] { (void)job->result(); }).status,
              too_late ? Status::kOk : Status::kCancelled)
        << static_cast<int>(stage);
  }
  expect_usable(engine);
}

TEST_F(FailureTest, CancellingADoneJobChangesNothing) {
  Engine engine({});
  const Job job = engine.submit(request_for("Hello."));
  (void)job.result();
  job.cancel();
  EXPECT_EQ(job.result().speech_tokens, 10);
}

TEST_F(FailureTest, DestroyingTheEngineCancelsWhatIsInFlight) {
  std::vector<Job> jobs;
  Latch started;
  {
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point != FakePoint::kStep) return;
      started.open();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    Engine engine({});
    for (int i = 0; i < 5; ++i) jobs.push_back(engine.submit(request_for(std::string(100, 'x'))));
    started.wait();
  }
  for (const Job& job : jobs) {
    EXPECT_TRUE(job.done());
    const Failure failure = failure_of([&] { (void)job.result(); });
    EXPECT_EQ(failure.status, Status::kCancelled);
    EXPECT_THAT(failure.message, HasSubstr("engine was destroyed"));
  }
}

struct Thrown {
  const char* name;
  std::function<void()> raise;
  Status status;
  const char* message;
};

std::vector<Thrown> every_kind() {
  return {
      {"error", [] { fail(Status::kDevice, "the device is gone"); }, Status::kDevice, "is gone"},
      {"no memory", [] { throw std::bad_alloc(); }, Status::kOutOfMemory, "out of memory"},
      {"logic", [] { throw std::out_of_range("map::at"); }, Status::kInternal, "map::at"},
      {"files", [] { throw std::filesystem::filesystem_error("no access", std::error_code()); },
       Status::kInternal, "no access"},
      {"number", [] { throw 42; }, Status::kInternal, "unknown exception"},
  };
}

TEST_F(FailureTest, EveryExceptionAtEveryPointEndsTheRequestOnly) {
  for (const FakePoint point : {FakePoint::kCheck, FakePoint::kBegin, FakePoint::kStep,
                                FakePoint::kFlow, FakePoint::kEuler, FakePoint::kVocode}) {
    Engine engine({});
    for (const Thrown& thrown : every_kind()) {
      SCOPED_TRACE(std::string(thrown.name) + " at " + std::to_string(static_cast<int>(point)));
      Failure failure;
      {
        const ScopedFakeHook hook([&](const FakeCall& call) {
          if (call.point == point) thrown.raise();
        });
        failure = failure_of([&] { (void)generate(engine, request_for("Hello.")); });
      }
      EXPECT_EQ(failure.status, thrown.status);
      EXPECT_THAT(failure.message, HasSubstr(thrown.message));
    }
    expect_usable(engine);
  }
}

TEST_F(FailureTest, EveryExceptionOfMakingAVoiceReachesItsCaller) {
  Engine engine({});
  for (const Thrown& thrown : every_kind()) {
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point == FakePoint::kMakeVoice) thrown.raise();
    });
    const Failure failure = failure_of([&] { (void)engine.make_voice(recording(), {}); });
    EXPECT_EQ(failure.status, thrown.status) << thrown.name;
    EXPECT_THAT(failure.message, HasSubstr(thrown.message));
  }
  EXPECT_NO_THROW((void)engine.make_voice(recording(), {}));
}

TEST_F(FailureTest, EveryExceptionOfLoadingReachesItsCaller) {
  for (const FakePoint point : {FakePoint::kLoad, FakePoint::kEnter}) {
    for (const Thrown& thrown : every_kind()) {
      const ScopedFakeHook hook([&](const FakeCall& call) {
        if (call.point == point) thrown.raise();
      });
      const Failure failure = failure_of([] { Engine engine({}); });
      EXPECT_EQ(failure.status, thrown.status) << thrown.name;
      EXPECT_THAT(failure.message, HasSubstr(thrown.message));
    }
  }
}

TEST_F(FailureTest, ACallbackThatThrowsEndsItsRequest) {
  Engine engine({});
  for (const Stage stage :
       {Stage::kPrefill, Stage::kDecode, Stage::kFlow, Stage::kVocoder, Stage::kDone}) {
    for (const Thrown& thrown : every_kind()) {
      Request request = request_for("Hello.");
      int after = -1;
      request.on_progress = [&](const Progress& progress) {
        ++after;
        if (progress.stage != stage) return;
        after = 0;
        thrown.raise();
      };
      const Failure failure = failure_of([&] { (void)generate(engine, request); });
      EXPECT_EQ(failure.status, Status::kInternal) << thrown.name;
      EXPECT_THAT(failure.message, HasSubstr("on_progress threw: "));
      EXPECT_THAT(failure.message, HasSubstr(thrown.message));
      EXPECT_EQ(after, 0) << "called again after it had thrown";
    }
  }
  Request request = request_for("Hello.");
  request.on_tensor = [](const TensorView&) { throw std::runtime_error("disk full"); };
  const Failure failure = failure_of([&] { (void)generate(engine, request); });
  EXPECT_EQ(failure.status, Status::kInternal);
  EXPECT_EQ(failure.message, "on_tensor threw: disk full");
  expect_usable(engine);
}

TEST_F(FailureTest, CallbacksAreReleasedWhenTheJobIsDone) {
  Engine engine({});
  auto held = std::make_shared<int>(0);
  Request request = request_for("Hello.");
  request.on_progress = [held](const Progress&) {};
  request.on_tensor = [held](const TensorView&) {};
  const Job job = engine.submit(std::move(request));
  request = {};
  (void)job.result();
  EXPECT_EQ(held.use_count(), 1);
}

// The last owner of an engine may be a callback of its own: it is released on the engine's thread.
TEST_F(FailureTest, AnEngineThatItsOwnCallbackHeldGoesWithIt) {
  auto engine = std::make_shared<Engine>(EngineOptions());
  Latch released;
  Request request = request_for("Hello.");
  request.on_progress = [engine, &released](const Progress&) { released.wait(); };
  const Job job = engine->submit(std::move(request));
  request = {};
  engine.reset();
  released.open();
  EXPECT_EQ(job.result().speech_tokens, 10);
  for (int i = 0; i < 6000 && fake_models() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(fake_models(), 0);
}

TEST_F(FailureTest, ManyThreadsManyCalls) {
  EngineOptions options;
  options.max_queue = 8;
  Engine engine(options);
  const auto expected = generate(engine, request_for("t")).audio.samples;
  std::atomic<int> good{0}, busy{0}, cancelled{0}, wrong{0};
  const auto one_call = [&](int thread, int call) {
    if (call % 8 == 3) {
      (void)engine.info();
      (void)engine.make_voice(recording(), {});
      return;
    }
    const Job job = engine.submit(request_for("t"));
    if ((thread + call) % 3 == 0) job.cancel();
    (job.result().audio.samples == expected ? good : wrong)++;
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 32; ++thread) {
    threads.emplace_back([&, thread] {
      for (int call = 0; call < 40; ++call) {
        const Status status = failure_of([&] { one_call(thread, call); }).status;
        if (status == Status::kOk) continue;
        (status == Status::kBusy ? busy : status == Status::kCancelled ? cancelled : wrong)++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(good, 0);
  EXPECT_LE(good + busy + cancelled, 32 * 40);
  expect_usable(engine);
}

}  // namespace
}  // namespace chatterbox
