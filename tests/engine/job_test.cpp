// What callers do with jobs: wait, be told, give up.
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

using ::testing::ElementsAre;
using namespace chatterbox::testing;  // NOLINT

constexpr std::chrono::milliseconds kNoWait(0);

class JobTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  // Holds the engine at the first task that begins.
  const ScopedFakeHook hook_{[this](const FakeCall& call) {
    if (call.point != FakePoint::kBegin || call.task->text != "held") return;
    began_.open();
    go_on_.wait();
  }};
  Latch began_, go_on_;
  Engine engine_{EngineOptions()};
};

TEST_F(JobTest, TakesAnyTimeout) {
  const Job job = engine_.submit(request_for("Hello."));
  EXPECT_TRUE(job.wait(std::chrono::milliseconds::max()));
  EXPECT_TRUE(job.wait(kForever));
  EXPECT_TRUE(job.wait(kNoWait));
  const Failure failure = failure_of([&] { (void)job.wait(std::chrono::milliseconds(-2)); });
  EXPECT_EQ(failure.status, Status::kInvalidArgument);
  EXPECT_EQ(failure.message, "a timeout must be at least 0 ms, or -1 for none, got -2");
}

// Exactly once whatever the end, when the result is there, and after every other callback.
TEST_F(JobTest, OnDoneIsTheLastOfTheCallbacks) {
  for (const bool fails : {false, true}) {
    Latch submitted, told;
    std::optional<Job> job;
    int calls = 0, after = 0;
    Request request = request_for("Hello.");
    request.tag = 41;
    request.on_progress = [&](const Progress&) {
      if (calls > 0) ++after;
      if (fails) throw std::runtime_error("no");
    };
    request.on_tensor = [&](const TensorView&) { after += calls; };
    request.on_done = [&](Status status) {
      submitted.wait();
      ++calls;
      EXPECT_EQ(status, fails ? Status::kInternal : Status::kOk);
      EXPECT_TRUE(job->done());
      EXPECT_EQ(job->tag(), 41U);
      EXPECT_EQ(job->failure().has_value(), fails);
      if (!fails) {
        EXPECT_EQ(job->result().speech_tokens, 10);  // waits for nothing
      }
      told.open();
    };
    job = engine_.submit(request);
    submitted.open();
    told.wait();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(after, 0);
  }
}

TEST_F(JobTest, OnDoneTellsEveryEnd) {
  std::atomic<int> calls{0};
  std::vector<Status> ends(3, Status::kOk);
  {
    Engine engine({});
    std::vector<Job> jobs = {engine.submit(request_for("held"))};
    began_.wait();
    for (size_t i = 0; i < ends.size(); ++i) {
      Request request = request_for("waits");
      request.on_done = [&, i](Status status) {
        ++calls;
        ends[i] = status;
      };
      if (i == 1) request.deadline = std::chrono::milliseconds(1);
      jobs.push_back(engine.submit(request));
    }
    jobs[1].cancel();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    go_on_.open();
    (void)jobs[2].wait(kForever);
  }
  EXPECT_THAT(ends, ElementsAre(Status::kCancelled, Status::kDeadlineExceeded,
                                ::testing::AnyOf(Status::kOk, Status::kCancelled)));
  EXPECT_EQ(calls, 3);
  // A job that is refused is none.
  Request wrong = request_for("");
  wrong.on_done = [&](Status) { ++calls; };
  EXPECT_THROW((void)engine_.submit(wrong), Error);
  EXPECT_EQ(calls, 3);
}

TEST_F(JobTest, AnOnDoneThatThrowsIsLogged) {
  std::vector<std::string> lines;
  EngineOptions options;
  options.log = [&](LogLevel, uint64_t tag, std::string_view message) {
    lines.push_back(std::to_string(tag) + " " + std::string(message));
  };
  {
    Engine engine(options);
    Request request = request_for("Hello.");
    request.tag = 3;
    request.on_done = [](Status) { throw std::runtime_error("oh"); };
    EXPECT_EQ(generate(engine, request).speech_tokens, 10);
  }
  EXPECT_THAT(lines, ElementsAre("3 on_done threw: oh"));
}

TEST_F(JobTest, FailuresNameTheTag) {
  const Job job = [&] {
    Request request = request_for("Hello.");
    request.tag = 1234;
    request.on_progress = [](const Progress&) { throw std::runtime_error("no"); };
    return engine_.submit(request);
  }();
  EXPECT_FALSE(job.failure() && !job.done());
  EXPECT_EQ(status_of(job), Status::kInternal);
  EXPECT_EQ(job.failure()->message, "on_progress threw: no (tag 1234)");
}

TEST_F(JobTest, WaitsWithinCallbacksAreRefused) {
  std::vector<Status> statuses;
  std::optional<Job> inner;
  Request request = request_for("Hello.");
  request.max_new_tokens = 1;
  request.on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kPrefill) return;
    Request waiting = request_for("inner");
    inner = engine_.submit(waiting);  // does not wait
    Chunk chunk;
    statuses.push_back(status_of(*inner));
    statuses.push_back(failure_of([&] { (void)inner->wait(kForever); }).status);
    statuses.push_back(failure_of([&] { (void)wait_any({*inner}, kForever); }).status);
    statuses.push_back(failure_of([&] { (void)inner->next(kForever, chunk); }).status);
    statuses.push_back(failure_of([&] { (void)engine_.generate_batch({waiting}); }).status);
    statuses.push_back(failure_of([&] { (void)engine_.make_voice(recording(), {}); }).status);
    statuses.push_back(failure_of([&] { (void)engine_.drain(kForever); }).status);
    waiting.wait_for_room = kForever;
    statuses.push_back(failure_of([&] { (void)engine_.submit(waiting); }).status);
    EXPECT_FALSE(inner->wait(kNoWait));
    EXPECT_EQ(wait_any({*inner}, kNoWait), std::nullopt);
  };
  EXPECT_NO_THROW((void)generate(engine_, request));
  EXPECT_EQ(statuses, std::vector<Status>(8, Status::kInvalidArgument));
  EXPECT_NO_THROW((void)inner->result());
}

TEST_F(JobTest, WaitAnyGivesTheFirstThatIsDone) {
  const Job held = engine_.submit(request_for("held"));
  began_.wait();
  const Job second = engine_.submit(request_for("second")),
            third = engine_.submit(request_for("c"));
  const std::vector<Job> jobs = {held, second, third};
  EXPECT_EQ(wait_any(jobs, kNoWait), std::nullopt);
  EXPECT_EQ(wait_any(jobs, std::chrono::milliseconds(1)), std::nullopt);
  std::thread canceller([&] { third.cancel(); });
  EXPECT_EQ(wait_any(jobs, kForever), 2U);
  canceller.join();
  go_on_.open();
  (void)second.wait(kForever);
  (void)held.wait(kForever);
  EXPECT_EQ(wait_any(jobs, kForever), 0U);  // the lowest
  EXPECT_EQ(failure_of([] { (void)wait_any({}, kForever); }).status, Status::kInvalidArgument);
}

TEST_F(JobTest, WaitAnyTakesJobsOfSeveralEngines) {
  Engine other({});
  const Job held = engine_.submit(request_for("held"));
  const Job quick = other.submit(request_for("quick"));
  EXPECT_EQ(wait_any({held, quick}, kForever), 1U);
  go_on_.open();
}

TEST_F(JobTest, CancelAllEndsWhatThereIsAndAcceptsMore) {
  std::vector<Job> jobs = {engine_.submit(request_for("held"))};
  began_.wait();
  for (int i = 0; i < 5; ++i) jobs.push_back(engine_.submit(request_for("waits")));
  jobs.push_back(engine_.submit_long(request_for(sentences(30)), {}));
  std::vector<Outcome> outcomes;
  std::thread batch([&] {
    outcomes = engine_.generate_batch(std::vector<Request>(50, request_for("of a batch")));
  });
  while (engine_.metrics().waiting < 5 + 16 + 16) std::this_thread::yield();
  engine_.cancel_all();
  batch.join();
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.failure->status, Status::kCancelled);
  for (size_t i = 1; i < jobs.size(); ++i) EXPECT_TRUE(jobs[i].done());
  go_on_.open();
  for (const Job& job : jobs) EXPECT_EQ(status_of(job), Status::kCancelled);
  EXPECT_EQ(jobs[1].failure()->message, "all requests of the engine were cancelled");
  EXPECT_NO_THROW((void)generate(engine_, "Goes on."));
}

TEST_F(JobTest, DrainWaitsForWhatThereIs) {
  Request last = request_for("held");
  std::atomic<bool> told{false};
  last.on_done = [&](Status) { told = true; };
  const Job job = engine_.submit(last);
  const Job text = engine_.submit_long(request_for(sentences(30)), {});
  EXPECT_FALSE(engine_.drain(kNoWait));
  EXPECT_FALSE(engine_.drain(std::chrono::milliseconds(1)));
  for (const auto& refused : std::vector<std::function<void()>>{
           [&] { (void)engine_.submit(request_for("late")); },
           [&] { (void)engine_.submit_long(request_for("late"), {}); },
           [&] { (void)engine_.submit(conversion_of(24000)); },
           [&] { (void)engine_.make_voice(recording(), {}); },
           [&] { (void)engine_.generate_batch({request_for("late")}); }}) {
    const Failure failure = failure_of(refused);
    EXPECT_EQ(failure.status, Status::kBusy);
    EXPECT_EQ(failure.message, "the engine is being drained and accepts nothing more");
  }
  go_on_.open();
  EXPECT_TRUE(engine_.drain(kForever));
  EXPECT_TRUE(told);
  EXPECT_TRUE(job.done() && text.done());
  EXPECT_EQ(text.result().pieces.size(), 30U);  // its pieces were no new work
  EXPECT_TRUE(engine_.drain(kNoWait));
}

class DeadlineTest : public JobTest {};

TEST_F(DeadlineTest, WhatExpiredInTheQueueNeverStarts) {
  const VirtualTime time;
  std::vector<std::string> begun;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kBegin) return;
    begun.push_back(call.task->text);
    if (call.task->text == "first") go_on_.wait();
  });
  auto engine = std::make_unique<Engine>(EngineOptions());
  const Job first = engine->submit(request_for("first"));
  Request request = request_for("second");
  request.deadline = std::chrono::seconds(2);
  const Job second = engine->submit(request);
  request.text = "third";
  request.deadline = std::chrono::seconds(4);
  const Job third = engine->submit(request);
  VirtualTime::current()->pass(3);
  go_on_.open();
  EXPECT_EQ(status_of(second), Status::kDeadlineExceeded);
  EXPECT_EQ(second.failure()->message, "the request was not done by its deadline of 2000 ms");
  EXPECT_EQ(status_of(first), Status::kOk);
  EXPECT_EQ(status_of(third), Status::kOk);
  engine.reset();
  EXPECT_THAT(begun, ElementsAre("first", "third"));
}

// In any stage, within a step.
TEST_F(DeadlineTest, EndsWhatRuns) {
  for (const FakePoint point : {FakePoint::kPrefill, FakePoint::kStep, FakePoint::kEuler}) {
    const VirtualTime time;
    int calls = 0;
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point != point || call.index != 1) return;
      ++calls;
      VirtualTime::current()->pass(1);
    });
    Engine engine({});
    Request request = request_for("Hello.");
    request.deadline = std::chrono::milliseconds(999);
    EXPECT_EQ(status_of(engine.submit(request)), Status::kDeadlineExceeded);
    EXPECT_EQ(calls, 1);
    request.deadline = std::chrono::milliseconds(1001);
    EXPECT_EQ(status_of(engine.submit(request)), Status::kOk);
    EXPECT_EQ(status_of(engine.submit_long(request, {})), Status::kOk);
    request.deadline = std::chrono::milliseconds(999);
    EXPECT_EQ(status_of(engine.submit_long(request, {})), Status::kDeadlineExceeded);
    EXPECT_EQ(engine.metrics().running, 0);
  }
}

}  // namespace
}  // namespace chatterbox
