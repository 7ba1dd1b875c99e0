// Where the device can run S3Gen beside T3: what the speech thread does, and that nothing which
// ends a request on one thread harms what the other works on. The fake executor's "cuda" is such a
// device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

EngineOptions overlapping() {
  EngineOptions options;
  options.device = "cuda";
  return options;
}

std::vector<float> without_overlap(const Request& request) {
  Engine engine({});
  return generate(engine, request).audio.samples;
}

class OverlapTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(fake_breaches(), 0);
    EXPECT_EQ(fake_models(), 0);
  }

  // Holds the speech thread at the first call of `point`.
  void hold(const FakeCall& call, FakePoint point) {
    if (call.point != point || held_.exchange(true)) return;
    reached_.open();
    go_on_.wait();
  }

  std::atomic<bool> held_{false};
  Latch reached_, go_on_;
};

TEST_F(OverlapTest, OthersDrawTokensWhileOneIsSpoken) {
  std::mutex mutex;
  std::vector<std::thread::id> speaking, drawing;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (call.point == FakePoint::kEuler) speaking.push_back(std::this_thread::get_id());
      if (call.point == FakePoint::kStep) drawing.push_back(std::this_thread::get_id());
    }
    hold(call, FakePoint::kFlow);
  });
  std::vector<float> first, second;
  {
    Engine engine(overlapping());
    const Job spoken = engine.submit(request_for("a"));
    reached_.wait();
    Latch has_tokens;
    Request other = request_for("bb");
    other.on_progress = [&](const Progress& progress) {
      if (progress.stage == Stage::kDecode && progress.done == fake_tokens("bb")) has_tokens.open();
    };
    const Job waiting = engine.submit(other);
    EXPECT_NO_THROW(has_tokens.wait());  // the first is held all the while
    EXPECT_FALSE(spoken.done());
    EXPECT_EQ(engine.metrics().running, 2);
    go_on_.open();
    first = spoken.result().audio.samples;
    second = waiting.result().audio.samples;
    EXPECT_EQ(engine.metrics().rows_in_use, 0);
  }
  EXPECT_NE(speaking.front(), drawing.front());
  EXPECT_EQ(first, without_overlap(request_for("a")));
  EXPECT_EQ(second, without_overlap(request_for("bb")));
}

TEST_F(OverlapTest, WhatIsSpokenCanBeCancelledAndTheNextIsSpoken) {
  Engine engine(overlapping());
  const ScopedFakeHook hook([&](const FakeCall& call) { hold(call, FakePoint::kEuler); });
  const Job cancelled = engine.submit(request_for("a"));
  reached_.wait();
  const Job next = engine.submit(request_for("b"));
  cancelled.cancel();
  go_on_.open();
  EXPECT_EQ(failure_of([&] { (void)cancelled.result(); }).status, Status::kCancelled);
  EXPECT_NO_THROW((void)next.result());
}

TEST_F(OverlapTest, AFailureOfS3GenEndsItsRequestAlone) {
  Engine engine(overlapping());
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kFlow && call.task->text == "b") throw std::bad_alloc();
  });
  std::vector<Request> requests;
  for (const char* text : {"a", "b", "c", "d"}) requests.push_back(request_for(text));
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  for (size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i].result.has_value(), i != 1);
  EXPECT_EQ(outcomes[1].failure->status, Status::kOutOfMemory);
}

TEST_F(OverlapTest, AFailureOfT3HarmsNothingThatIsSpoken) {
  Engine engine(overlapping());
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kStep && call.task->text == "b") {
      go_on_.open();
      throw std::runtime_error("no step");
    }
    hold(call, FakePoint::kFlow);
  });
  const Job spoken = engine.submit(request_for("a"));
  reached_.wait();
  const Job broken = engine.submit(request_for("b"));
  EXPECT_EQ(failure_of([&] { (void)broken.result(); }).message, "no step");
  EXPECT_NO_THROW((void)spoken.result());
}

// Both threads are held, and a third request waits, whose end is that of the engine.
TEST_F(OverlapTest, DestroyingTheEngineCancelsBothAndWaits) {
  Latch draws, the_end;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    hold(call, FakePoint::kEuler);
    if (call.point != FakePoint::kStep || call.task->text != "bb") return;
    draws.open();
    the_end.wait();
  });
  auto engine = std::make_unique<Engine>(overlapping());
  const Job spoken = engine->submit(request_for("a"));
  reached_.wait();
  const Job drawing = engine->submit(request_for("bb"));
  draws.wait();
  Request last = request_for("c");
  last.on_done = [&](Status) {
    the_end.open();
    go_on_.open();
  };
  const Job waiting = engine->submit(last);
  engine.reset();
  EXPECT_TRUE(spoken.done());  // the end may have come too late to cancel it
  for (const Job& job : {drawing, waiting}) {
    ASSERT_TRUE(job.failure());
    EXPECT_EQ(job.failure()->status, Status::kCancelled);
    EXPECT_EQ(job.failure()->message, "the engine was destroyed");
  }
}

TEST_F(OverlapTest, ACallbackOfTheSpeechThreadMustNotWaitForTheEngine) {
  Engine engine(overlapping());
  Request request = request_for("a");
  Failure refusal;
  std::optional<Job> inner;
  request.on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kFlow || inner) return;
    inner = engine.submit(request_for("b"));
    refusal = failure_of([&] { (void)inner->result(); });
  };
  EXPECT_NO_THROW((void)generate(engine, request));
  EXPECT_EQ(refusal.status, Status::kInvalidArgument);
  EXPECT_EQ(refusal.message, "a callback must not wait for the engine that calls it");
  EXPECT_NO_THROW((void)inner->result());
}

TEST_F(OverlapTest, ACallbackOfTheSpeechThreadMayLetGoOfTheEngine) {
  auto engine = std::make_shared<Engine>(overlapping());
  Request request = request_for("a");
  Latch submitted;
  request.on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kFlow) return;
    submitted.wait();
    engine.reset();
  };
  const Job job = engine->submit(request);
  submitted.open();
  EXPECT_EQ(failure_of([&] { (void)job.result(); }).status, Status::kCancelled);
  while (fake_models() > 0) std::this_thread::yield();  // its threads end by themselves
}

TEST_F(OverlapTest, AVoiceIsMadeWhileOneIsSpoken) {
  Engine engine(overlapping());
  const ScopedFakeHook hook([&](const FakeCall& call) { hold(call, FakePoint::kFlow); });
  const Job spoken = engine.submit(request_for("a"));
  reached_.wait();
  EXPECT_NO_THROW((void)engine.make_voice(recording(), {}));
  EXPECT_FALSE(spoken.done());
  go_on_.open();
  EXPECT_NO_THROW((void)spoken.result());
}

// It was woken a thousand times a second once. Each turn of its loop reads the clock.
TEST_F(OverlapTest, TheWorkerSleepsWhileOnlyS3GenWorks) {
  std::thread::id worker;
  std::atomic<int> turns{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kEnter) worker = std::this_thread::get_id();
    if (call.point == FakePoint::kNow && std::this_thread::get_id() == worker) ++turns;
    hold(call, FakePoint::kFlow);
  });
  Engine engine(overlapping());
  const Job spoken = engine.submit(request_for("a"));
  reached_.wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const int before = turns;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(turns - before, 2);
  go_on_.open();
  EXPECT_NO_THROW((void)spoken.result());
}

TEST_F(OverlapTest, AThreadThatCannotBeginIsAnErrorOfLoading) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kEnterSpeech) throw std::runtime_error("no stream");
  });
  EXPECT_EQ(failure_of([] { Engine engine(overlapping()); }).message, "no stream");
}

// One at a time has nothing to overlap, and a fixed batch is spoken when it is complete.
TEST_F(OverlapTest, TheOtherModesHaveOneThread) {
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    EngineOptions options = overlapping();
    options.mode = mode;
    std::thread::id worker, speaker;
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point == FakePoint::kEnter) worker = std::this_thread::get_id();
      if (call.point == FakePoint::kEnterSpeech) speaker = std::this_thread::get_id();
    });
    Engine engine(options);
    for (const Outcome& outcome : engine.generate_batch({request_for("a"), request_for("b")})) {
      EXPECT_TRUE(outcome.result);
    }
    EXPECT_EQ(worker == speaker, mode != Mode::kDynamic);
  }
}

TEST_F(OverlapTest, ManyRequestsOfManyThreads) {
  constexpr int kThreads = 6, kEach = 60;
  std::vector<std::vector<float>> expected;
  for (int i = 0; i < kThreads; ++i) {
    expected.push_back(
        without_overlap(request_for(std::string(static_cast<size_t>(3 * i), 'x') + "a")));
  }
  Engine engine(overlapping());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const Request request = request_for(std::string(static_cast<size_t>(3 * i), 'x') + "a");
      for (int n = 0; n < kEach; ++n) {
        const Job job = engine.submit(request);
        if (n % 7 == 3) job.cancel();
        const Failure failure = failure_of([&] {
          if (job.result().audio.samples != expected[static_cast<size_t>(i)]) ++wrong;
        });
        if (failure.status != Status::kOk && n % 7 != 3) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(engine.metrics().running, 0);
  EXPECT_EQ(engine.metrics().rows_in_use, 0);
}

}  // namespace
}  // namespace chatterbox
