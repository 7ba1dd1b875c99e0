// Many requests at a time: who joins when, and that nobody is harmed by a neighbour.
#include <thread>

#include "engine/recorded_engine.h"
#include "runtime/mode.h"
#include "support/error.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

using BatchingTest = RecordedEngine;

// With one part of their prefill between two steps, so that those that draw tokens go on.
TEST_F(BatchingTest, RequestsJoinOneBetweenTwoSteps) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kDynamic));
  for (const Job& job : submit_together(
           engine, {request_for("aaaaaaaaaaaaaaaa"), request_for("b"), request_for("c")})) {
    (void)job.result();
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
    Engine engine(options_for(mode));
    const ScopedFakeHook hook([](const FakeCall& call) {
      if (call.point == FakePoint::kPrefill && call.index == 1 && call.task->text == "b") {
        throw std::runtime_error("no prefill");
      }
    });
    const Job a = engine.submit(request_for("a")), b = engine.submit(request_for("b")),
              c = engine.submit(request_for("c"));
    EXPECT_NO_THROW((void)a.result());
    EXPECT_NO_THROW((void)c.result());
    EXPECT_EQ(failure_of([&] { (void)b.result(); }).message, "no prefill");
    EXPECT_EQ(engine.metrics().rows_in_use, 0);
  }
}

// Cancelled while the first of the batch is in its prefill, the second begins none.
TEST_F(BatchingTest, ABatchsPrefillsAreInterrupted) {
  Engine engine(options_for(Mode::kBatch));
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
  EXPECT_NO_THROW((void)first.result());
  EXPECT_EQ(failure_of([&] { (void)second->result(); }).status, Status::kCancelled);
  EXPECT_FALSE(begun);
}

TEST_F(BatchingTest, SequentialRunsOneAtATime) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kSequential));
  expect_one_at_a_time(engine);
}

TEST_F(BatchingTest, DeterministicRunsOneAtATimeWhereRowsAreNotAlike) {
  EngineOptions options;
  options.deterministic = true;
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    options.mode = mode;
    EXPECT_EQ(runtime::effective_mode(options, true), mode);
    EXPECT_EQ(runtime::effective_mode(options, false), Mode::kSequential);
    EngineOptions free;
    free.mode = mode;
    EXPECT_EQ(runtime::effective_mode(free, false), mode);
  }
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  options.device = "cuda";
  Engine engine(options);
  expect_one_at_a_time(engine);
}

TEST_F(BatchingTest, DeterministicChangesNothingOnACpu) {
  EngineOptions options;
  options.deterministic = true;
  options.device = "cpu";
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options);
  for (const Job& job : submit_together(engine, {request_for("aaaaaaaa"), request_for("b")})) {
    (void)job.result();
  }
  EXPECT_EQ(engine.metrics().peak_rows, 4);
}

TEST_F(BatchingTest, ABatchRunsToItsEndBeforeTheNext) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kBatch, 2));
  const auto jobs = submit_together(
      engine, {request_for("a"), request_for("b"), request_for("cccc"), request_for("d")});
  for (const Job& job : jobs) (void)job.result();
  EXPECT_LT(at("vocode a"), at("begin b"));  // its batch was closed when the others came
  EXPECT_LT(at("begin c"), at("step b 0"));  // all of a batch begin before any of it draws
  EXPECT_LT(at("vocode c"), at("begin d"));
  EXPECT_LT(at("vocode b"), at("begin d"));
}

TEST_F(BatchingTest, RequestsWaitForRowsAndKeepTheirOrder) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kDynamic, 8, 3));
  Request small = request_for("c");
  small.cfg_weight = 0.F;  // would fit beside a
  const auto jobs =
      submit_together(engine, {request_for("aaaa"), request_for("b"), small, request_for("d")});
  for (const Job& job : jobs) (void)job.result();
  EXPECT_LT(at("step a 7"), at("begin b"));  // a's last step
  EXPECT_LT(at("begin b"), at("begin c"));
  EXPECT_LT(at("begin c"), at("step b 1"));  // in the third row
  EXPECT_LT(at("begin c"), at("begin d"));
  EXPECT_EQ(engine.metrics().peak_rows, 3);
}

TEST_F(BatchingTest, WithoutGuidanceTwiceAsManyFit) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kDynamic, 8, 2));
  Request first = request_for("aaaa"), second = request_for("b");
  first.cfg_weight = second.cfg_weight = 0.F;
  for (const Job& job : submit_together(engine, {first, second})) (void)job.result();
  EXPECT_LT(at("begin b"), at("step a 1"));
}

TEST_F(BatchingTest, RowsAreFreeBeforeTheSpeechBegins) {
  const Engine* running = nullptr;
  std::vector<int64_t> rows;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kStep || call.point == FakePoint::kFlow) {
      rows.push_back(running->metrics().rows_in_use);
    }
  });
  Engine engine(options_for(Mode::kDynamic));
  running = &engine;
  Request request = request_for("Hello.");
  request.max_new_tokens = 2;
  (void)generate(engine, request);
  EXPECT_THAT(rows, ElementsAre(2, 2, 0));
  EXPECT_EQ(engine.metrics().running, 0);
}

TEST_F(BatchingTest, WaitingRequestsAreCounted) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(options_for(Mode::kSequential));
  const Job running = engine.submit(request_for("a"));
  first_step_.wait();
  const Job waiting = engine.submit(request_for("b"));
  EXPECT_EQ(engine.metrics().running, 1);
  EXPECT_EQ(engine.metrics().waiting, 1);
  EXPECT_EQ(engine.metrics().rows_in_use, 2);
  all_submitted_.open();
  (void)running.result();
  (void)waiting.result();
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
  Engine engine(options_for(Mode::kDynamic));
  std::vector<Job> jobs = {engine.submit(requests[0])};
  first_step_.wait();
  for (size_t i = 1; i < requests.size(); ++i) jobs.push_back(engine.submit(requests[i]));
  victim = jobs[1];
  all_submitted_.open();
  EXPECT_EQ(failure_of([&] { (void)victim->result(); }).status, Status::kCancelled);
  EXPECT_EQ(jobs[0].result().audio.samples, first);
  EXPECT_EQ(jobs[2].result().audio.samples, last);
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "step b 4"), 0);
}

// The worker is in a step while the last of the requests waits, until the engine's end ends that.
TEST_F(BatchingTest, AnEngineGoesWithManyInFlight) {
  for (const Mode mode : {Mode::kSequential, Mode::kBatch, Mode::kDynamic}) {
    Latch the_end;
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point == FakePoint::kStep && call.task->text.size() > 100) the_end.wait();
    });
    std::vector<Job> jobs;
    {
      Engine engine(options_for(mode, 4));
      jobs.push_back(engine.submit(request_for("short")));
      for (size_t i = 1; i < 40; ++i) {
        Request request = request_for(std::string(100 + i, 'x'));
        if (i == 39) request.on_done = [&](Status) { the_end.open(); };
        jobs.push_back(engine.submit(request));
      }
      while (engine.metrics().running == 0) std::this_thread::yield();
    }
    for (const Job& job : jobs) {
      ASSERT_TRUE(job.done());
      if (&job != &jobs.front()) {
        EXPECT_EQ(status_of(job), Status::kCancelled);
      }
    }
    EXPECT_EQ(fake_models(), 0);
  }
}

TEST_F(BatchingTest, ABatchKeepsItsOrderAndItsErrors) {
  EngineOptions options;
  options.max_queue = 2;
  Engine engine(options);
  std::vector<Request> requests;
  for (int i = 0; i < 30; ++i) requests.push_back(request_for(std::string(1 + i % 5, 'q')));
  requests[7].text = "";
  requests[8].text = std::string(kFakeMaxTextBytes + 1, 'x');
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  ASSERT_EQ(outcomes.size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    ASSERT_NE(outcomes[i].result.has_value(), outcomes[i].failure.has_value()) << i;
    if (outcomes[i].result) {
      EXPECT_EQ(outcomes[i].result->speech_tokens, fake_tokens(requests[i].text)) << i;
    }
  }
  ASSERT_TRUE(outcomes[7].failure && outcomes[8].failure);
  EXPECT_EQ(outcomes[7].failure->message, "text must not be blank");
  EXPECT_THAT(outcomes[8].failure->message, HasSubstr("501"));
  EXPECT_TRUE(engine.generate_batch({}).empty());
}

}  // namespace
}  // namespace chatterbox
