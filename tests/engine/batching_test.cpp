// Many requests at a time: who joins when, what is spoken together, and that nobody is harmed by a
// neighbour.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <new>
#include <thread>

#include "engine/mode.h"
#include "support/error.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

// Not within a hook, which is of all engines.
std::vector<float> alone(const Request& request) {
  return ChatterboxEngine::load().generate(request).audio.samples;
}

// What the engine did, in order: "begin a", "prefill a 1", "step a 3", "flow a", "vocode a". Holds
// the worker at the first step of the first request until the test has submitted the rest.
class BatchingTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  ChatterboxEngine load(Mode mode, int32_t max_batch = 8, int64_t rows = 0) {
    EngineOptions options;
    options.mode = mode;
    options.max_batch = max_batch;
    options.memory_limit = rows;
    return ChatterboxEngine::load(options);
  }

  // The first request runs up to its first step; then the others wait in the queue; then all go on.
  std::vector<Job> submit_together(const ChatterboxEngine& engine,
                                   const std::vector<Request>& requests) {
    std::vector<Job> jobs = {engine.submit(requests.front())};
    first_step_.wait();
    for (size_t i = 1; i < requests.size(); ++i) jobs.push_back(engine.submit(requests[i]));
    all_submitted_.open();
    return jobs;
  }

  void record(const FakeCall& call) {
    const char* const what = call.point == FakePoint::kBegin     ? "begin "
                             : call.point == FakePoint::kPrefill ? "prefill "
                             : call.point == FakePoint::kStep    ? "step "
                             : call.point == FakePoint::kFlow    ? "flow "
                             : call.point == FakePoint::kVocode  ? "vocode "
                                                                 : nullptr;
    if (what == nullptr) return;
    const bool numbered = call.point == FakePoint::kStep || call.point == FakePoint::kPrefill;
    events_.push_back(what + call.task->text.substr(0, 1) +
                      (numbered ? " " + std::to_string(call.index) : ""));
    if (call.point != FakePoint::kStep) return;
    first_step_.open();
    all_submitted_.wait();
  }

  [[nodiscard]] std::ptrdiff_t at(const std::string& event) const {
    const auto found = std::find(events_.begin(), events_.end(), event);
    EXPECT_NE(found, events_.end()) << event;
    return found - events_.begin();
  }

  // Of an engine whose calls are recorded and that ran nothing yet.
  void expect_one_at_a_time(const ChatterboxEngine& engine) {
    EXPECT_EQ(engine.capacity().rows, 2);
    for (const Job& job :
         submit_together(engine, {request_for("a"), request_for("b"), request_for("c")})) {
      (void)job.wait();
    }
    EXPECT_LT(at("vocode a"), at("begin b"));
    EXPECT_LT(at("vocode b"), at("begin c"));
    EXPECT_EQ(engine.capacity().peak_rows, 2);
  }

  std::vector<std::string> events_;  // of the worker's thread; read when the jobs are done
  Latch first_step_, all_submitted_;
};

// With one part of their prefill between two steps, so that those that draw tokens go on.
TEST_F(BatchingTest, RequestsJoinOneBetweenTwoSteps) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kDynamic);
  for (const Job& job : submit_together(
           engine, {request_for("aaaaaaaaaaaaaaaa"), request_for("b"), request_for("c")})) {
    (void)job.wait();
  }
  EXPECT_LT(at("step a 0"), at("begin b"));
  EXPECT_LT(at("prefill b 0"), at("step a 1"));
  EXPECT_LT(at("step a 1"), at("prefill b 1"));
  EXPECT_LT(at("prefill b 1"), at("step a 2"));
  EXPECT_LT(at("step b 0"), at("begin c"));
  EXPECT_LT(at("prefill c 0"), at("step a 3"));
  // Five tokens each: they leave while a, which has twenty, goes on.
  EXPECT_LT(at("flow b"), at("step a 19"));
}

TEST_F(BatchingTest, APrefillThatFailsFreesItsRowsAndEndsNoOther) {
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    const auto engine = load(mode);
    const ScopedFakeHook hook([](const FakeCall& call) {
      if (call.point == FakePoint::kPrefill && call.index == 1 && call.task->text == "b") {
        throw std::runtime_error("no prefill");
      }
    });
    const Job a = engine.submit(request_for("a")), b = engine.submit(request_for("b")),
              c = engine.submit(request_for("c"));
    EXPECT_NO_THROW((void)a.wait());
    EXPECT_NO_THROW((void)c.wait());
    EXPECT_EQ(failure_of([&] { (void)b.wait(); }).message, "no prefill");
    EXPECT_EQ(engine.capacity().rows_in_use, 0);
  }
}

// Cancelled while the first of the batch is in its prefill, the second begins none.
TEST_F(BatchingTest, ABatchsPrefillsAreInterrupted) {
  const auto engine = load(Mode::kBatch);
  std::optional<Job> second;
  Latch both_are_there;
  bool begun = false;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kPrefill) return;
    both_are_there.wait();
    if (call.task->text == "a") second->cancel();
    if (call.task->text == "b") begun = true;
  });
  const Job first = engine.submit(request_for("a"));
  second = engine.submit(request_for("b"));
  both_are_there.open();
  EXPECT_NO_THROW((void)first.wait());
  EXPECT_EQ(failure_of([&] { (void)second->wait(); }).status, Status::kCancelled);
  EXPECT_FALSE(begun);
}

TEST_F(BatchingTest, SequentialRunsOneAtATime) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kSequential);
  expect_one_at_a_time(engine);
}

TEST_F(BatchingTest, DeterministicRunsOneAtATimeWhereRowsAreNotAlike) {
  EngineOptions options;
  options.deterministic = true;
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    options.mode = mode;
    EXPECT_EQ(engine::effective_mode(options, true), mode);
    EXPECT_EQ(engine::effective_mode(options, false), Mode::kSequential);
    EngineOptions free;
    free.mode = mode;
    EXPECT_EQ(engine::effective_mode(free, false), mode);
  }
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  options.device = "cuda";
  const auto engine = ChatterboxEngine::load(options);
  expect_one_at_a_time(engine);
}

TEST_F(BatchingTest, DeterministicChangesNothingOnACpu) {
  EngineOptions options;
  options.deterministic = true;
  options.device = "cpu";
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = ChatterboxEngine::load(options);
  for (const Job& job : submit_together(engine, {request_for("aaaaaaaa"), request_for("b")})) {
    (void)job.wait();
  }
  EXPECT_EQ(engine.capacity().peak_rows, 4);
}

TEST_F(BatchingTest, ABatchRunsToItsEndBeforeTheNext) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kBatch, 2);
  const auto jobs = submit_together(
      engine, {request_for("a"), request_for("b"), request_for("cccc"), request_for("d")});
  for (const Job& job : jobs) (void)job.wait();
  EXPECT_LT(at("vocode a"), at("begin b"));  // its batch was closed when the others came
  EXPECT_LT(at("begin c"), at("step b 0"));  // all of a batch begin before any of it draws
  EXPECT_LT(at("vocode c"), at("begin d"));
  EXPECT_LT(at("vocode b"), at("begin d"));
}

TEST_F(BatchingTest, RequestsWaitForRowsAndKeepTheirOrder) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kDynamic, 8, 3);
  Request small = request_for("c");
  small.cfg_weight = 0;  // would fit beside a
  const auto jobs =
      submit_together(engine, {request_for("aaaa"), request_for("b"), small, request_for("d")});
  for (const Job& job : jobs) (void)job.wait();
  EXPECT_LT(at("step a 7"), at("begin b"));  // a's last step
  EXPECT_LT(at("begin b"), at("begin c"));
  EXPECT_LT(at("begin c"), at("step b 1"));  // in the third row
  EXPECT_LT(at("begin c"), at("begin d"));
  EXPECT_EQ(engine.capacity().peak_rows, 3);
}

TEST_F(BatchingTest, WithoutGuidanceTwiceAsManyFit) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kDynamic, 8, 2);
  Request first = request_for("aaaa"), second = request_for("b");
  first.cfg_weight = second.cfg_weight = 0;
  for (const Job& job : submit_together(engine, {first, second})) (void)job.wait();
  EXPECT_LT(at("begin b"), at("step a 1"));
}

TEST_F(BatchingTest, RowsAreFreeBeforeTheSpeechBegins) {
  const ChatterboxEngine* running = nullptr;
  std::vector<int64_t> rows;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kStep || call.point == FakePoint::kFlow) {
      rows.push_back(running->capacity().rows_in_use);
    }
  });
  const auto engine = load(Mode::kDynamic);
  running = &engine;
  Request request = request_for("Hello.");
  request.max_new_tokens = 2;
  (void)engine.generate(request);
  EXPECT_THAT(rows, ElementsAre(2, 2, 0));
  EXPECT_EQ(engine.capacity().running, 0);
}

TEST_F(BatchingTest, WaitingRequestsAreCounted) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kSequential);
  const Job running = engine.submit(request_for("a"));
  first_step_.wait();
  const Job waiting = engine.submit(request_for("b"));
  EXPECT_EQ(engine.capacity().running, 1);
  EXPECT_EQ(engine.capacity().waiting, 1);
  EXPECT_EQ(engine.capacity().rows_in_use, 2);
  all_submitted_.open();
  (void)running.wait();
  (void)waiting.wait();
}

// Five tokens, then 32 steps of patience with the two long ones, which have 204.
TEST_F(BatchingTest, AShortRequestDoesNotWaitForLongOnes) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  const auto engine = load(Mode::kDynamic);
  const auto jobs = submit_together(engine, {request_for(std::string(200, 'a')),
                                             request_for(std::string(200, 'b')), request_for("c")});
  for (const Job& job : jobs) (void)job.wait();
  EXPECT_LT(at("step c 4"), at("flow c"));
  EXPECT_LT(at("step a 37"), at("flow c"));
  EXPECT_LT(at("flow c"), at("step a 42"));
}

// 2 frames a token: 408 a request, and 1000 at a time.
TEST_F(BatchingTest, SpeechIsBoundedByFramesAndGroupedBySteps) {
  std::vector<int> sizes;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    record(call);
    if (call.point != FakePoint::kFlow) return;
    if (call.index == 0) sizes.push_back(0);
    ++sizes.back();
  });
  const auto engine = load(Mode::kBatch);
  std::vector<Request> requests = {request_for("x")};
  for (int i = 0; i < 3; ++i) requests.push_back(request_for(std::string(200, 'a')));
  requests.push_back(requests.back());
  requests.back().cfm_steps = 3;
  for (const Job& job : submit_together(engine, requests)) (void)job.wait();
  std::sort(sizes.begin(), sizes.end());
  EXPECT_THAT(sizes, ElementsAre(1, 1, 1, 2));  // x; the one of 3 steps; three as two and one
}

class SpokenTogether : public BatchingTest {
 protected:
  // The last three form a batch.
  std::vector<Request> requests_ = {request_for("x"), request_for("one"), request_for("two"),
                                    request_for("six")};
};

TEST_F(SpokenTogether, WhatIsTooMuchAtOnceIsSpokenInHalves) {
  std::vector<std::vector<float>> expected;
  for (const Request& request : requests_) expected.push_back(alone(request));
  for (const FakePoint point : {FakePoint::kFlow, FakePoint::kVocode}) {
    int failed = 0;
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point != point || call.index == 0) return;  // a batch of one fits
      ++failed;
      throw std::bad_alloc();
    });
    const auto engine = load(Mode::kBatch);
    const std::vector<Outcome> outcomes = engine.generate_batch(requests_);
    for (size_t i = 0; i < outcomes.size(); ++i) {
      ASSERT_TRUE(outcomes[i].result) << outcomes[i].error->what();
      EXPECT_EQ(outcomes[i].result->audio.samples, expected[i]);
    }
    EXPECT_GE(failed, 2);
  }
}

TEST_F(SpokenTogether, OnlyTheCulpritFails) {
  for (const FakePoint point : {FakePoint::kBegin, FakePoint::kCollect, FakePoint::kFlow,
                                FakePoint::kEuler, FakePoint::kVocode}) {
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point == point && call.task->text == "two") fail(Status::kDevice, "two is bad");
    });
    const auto engine = load(Mode::kDynamic);
    const std::vector<Outcome> outcomes = engine.generate_batch(requests_);
    for (size_t i = 0; i < outcomes.size(); ++i) {
      SCOPED_TRACE(requests_[i].text + " at " + std::to_string(static_cast<int>(point)));
      if (requests_[i].text == "two") {
        ASSERT_TRUE(outcomes[i].error);
        EXPECT_FALSE(outcomes[i].result);
        EXPECT_EQ(outcomes[i].error->status(), Status::kDevice);
        EXPECT_STREQ(outcomes[i].error->what(), "two is bad");
      } else {
        ASSERT_TRUE(outcomes[i].result) << outcomes[i].error->what();
      }
    }
    EXPECT_EQ(engine.capacity().rows_in_use, 0);
    EXPECT_EQ(engine.capacity().running, 0);
  }
}

// The one that is cancelled is done within an Euler step; the rest of its batch does not notice.
TEST_F(SpokenTogether, OneIsCancelledInTheFlow) {
  const std::vector<float> second = alone(requests_[1]), last = alone(requests_[3]);
  std::optional<Job> victim;
  std::vector<int64_t> done_at;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    record(call);
    if (call.point != FakePoint::kEuler || call.task->text == "x") return;
    if (call.index == 4) victim->cancel();
    if (victim->done()) done_at.push_back(call.index);
  });
  const auto engine = load(Mode::kBatch);
  std::atomic<int> reports{0};
  requests_[2].on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kDecode) ++reports;
  };
  std::vector<Job> jobs = {engine.submit(requests_[0])};
  first_step_.wait();
  for (size_t i = 1; i < requests_.size(); ++i) jobs.push_back(engine.submit(requests_[i]));
  victim = jobs[2];
  all_submitted_.open();
  EXPECT_EQ(failure_of([&] { (void)victim->wait(); }).status, Status::kCancelled);
  EXPECT_EQ(jobs[1].wait().audio.samples, second);
  EXPECT_EQ(jobs[3].wait().audio.samples, last);
  EXPECT_THAT(done_at, ElementsAre(5, 6, 7, 8, 9));
  EXPECT_EQ(reports, 7);  // prefill, and steps 0 to 5
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "vocode t"), 0);
}

TEST_F(SpokenTogether, AllAreCancelledInTheFlow) {
  std::vector<Job> jobs;
  std::atomic<int64_t> last{-1};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    record(call);
    if (call.point != FakePoint::kEuler || call.task->text == "x") return;
    last = call.index;
    if (call.index == 2) {
      for (const Job& job : jobs) job.cancel();
    }
  });
  const auto engine = load(Mode::kBatch);
  jobs.push_back(engine.submit(requests_[0]));
  first_step_.wait();
  for (size_t i = 1; i < requests_.size(); ++i) jobs.push_back(engine.submit(requests_[i]));
  all_submitted_.open();
  for (size_t i = 1; i < jobs.size(); ++i) {
    EXPECT_EQ(failure_of([&] { (void)jobs[i].wait(); }).status, Status::kCancelled);
  }
  EXPECT_EQ(last, 2);
}

TEST_F(BatchingTest, OneIsCancelledWhileAllDraw) {
  const std::vector<Request> requests = {request_for("aaaaaaaa"), request_for("bbbbbbbb"),
                                         request_for("cccccccc")};
  const std::vector<float> first = alone(requests[0]), last = alone(requests[2]);
  std::optional<Job> victim;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    record(call);
    const bool draws = call.point == FakePoint::kStep && call.task->text == "bbbbbbbb";
    if (draws && call.index == 3) victim->cancel();
  });
  const auto engine = load(Mode::kDynamic);
  std::vector<Job> jobs = {engine.submit(requests[0])};
  first_step_.wait();
  for (size_t i = 1; i < requests.size(); ++i) jobs.push_back(engine.submit(requests[i]));
  victim = jobs[1];
  all_submitted_.open();
  EXPECT_EQ(failure_of([&] { (void)victim->wait(); }).status, Status::kCancelled);
  EXPECT_EQ(jobs[0].wait().audio.samples, first);
  EXPECT_EQ(jobs[2].wait().audio.samples, last);
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "step b 4"), 0);
}

TEST_F(BatchingTest, AnEngineGoesWithManyInFlight) {
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    std::vector<Job> jobs;
    {
      const auto engine = load(mode, 4);
      for (int i = 0; i < 40; ++i) {
        jobs.push_back(engine.submit(request_for(std::string(20 + i, 'x'))));
      }
      (void)jobs.front().wait();
    }
    int cancelled = 0;
    for (const Job& job : jobs) {
      ASSERT_TRUE(job.done());
      const Status status = failure_of([&] { (void)job.wait(); }).status;
      if (status == Status::kCancelled) ++cancelled;
      EXPECT_TRUE(status == Status::kCancelled || status == Status::kOk);
    }
    EXPECT_GT(cancelled, 0);
  }
}

TEST_F(BatchingTest, VoicesAreMadeBetweenTheSteps) {
  const ScopedFakeHook hook([this](const FakeCall& call) {
    record(call);
    if (call.point == FakePoint::kMakeVoice) events_.emplace_back("voice");
  });
  const auto engine = load(Mode::kDynamic);
  const Job running = engine.submit(request_for("aaaaaaaa"));
  first_step_.wait();
  std::thread maker([&] { (void)engine.make_voice({std::vector<float>(24000), 24000, 1}); });
  while (engine.capacity().waiting == 0) std::this_thread::yield();
  all_submitted_.open();
  maker.join();
  (void)running.wait();
  EXPECT_LT(at("voice"), at("step a 1"));
}

TEST_F(BatchingTest, ABatchKeepsItsOrderAndItsErrors) {
  EngineOptions options;
  options.max_queue = 2;
  const auto engine = ChatterboxEngine::load(options);
  std::vector<Request> requests;
  for (int i = 0; i < 30; ++i) requests.push_back(request_for(std::string(1 + i % 5, 'q')));
  requests[7].text = "";
  requests[8].text = std::string(kFakeMaxTextBytes + 1, 'x');
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  ASSERT_EQ(outcomes.size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    ASSERT_NE(outcomes[i].result.has_value(), outcomes[i].error.has_value()) << i;
    if (outcomes[i].result) {
      EXPECT_EQ(outcomes[i].result->speech_tokens, fake_tokens(requests[i].text)) << i;
    }
  }
  ASSERT_TRUE(outcomes[7].error && outcomes[8].error);
  EXPECT_STREQ(outcomes[7].error->what(), "text must not be blank");
  EXPECT_THAT(outcomes[8].error->what(), HasSubstr("501"));
  EXPECT_TRUE(engine.generate_batch({}).empty());
}

TEST_F(BatchingTest, ACallbackMustNotSpeakABatch) {
  const auto engine = load(Mode::kDynamic);
  Status status = Status::kOk;
  Request request = request_for("Hello.");
  request.on_progress = [&](const Progress&) {
    status = failure_of([&] { (void)engine.generate_batch({request_for("inner")}); }).status;
  };
  (void)engine.generate(request);
  EXPECT_EQ(status, Status::kInvalidArgument);
}

}  // namespace
}  // namespace chatterbox
