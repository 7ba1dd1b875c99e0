// What S3Gen speaks together, and what ends some of a batch. The fake model's device "batching" is
// one where that gains something, and S3Gen runs between two decode steps.
#include <new>

#include "engine/recorded_engine.h"
#include "support/error.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using namespace chatterbox::testing;  // NOLINT

class SpeechBatchTest : public RecordedEngine {
 protected:
  static EngineOptions batching(Mode mode) { return options_for(mode, 8, {}, kFakeBatching); }
};

// Five tokens, then 32 steps of patience with the two long ones, which have 204.
TEST_F(SpeechBatchTest, AShortRequestDoesNotWaitForLongOnes) {
  const ScopedFakeHook hook([this](const FakeCall& call) { record(call); });
  Engine engine(batching(Mode::kDynamic));
  const auto jobs = submit_together(engine, {request_for(std::string(200, 'a')),
                                             request_for(std::string(200, 'b')), request_for("c")});
  for (const Job& job : jobs) (void)job.result();
  EXPECT_LT(at("step c 4"), at("flow c"));
  EXPECT_LT(at("step a 37"), at("flow c"));
  EXPECT_LT(at("flow c"), at("step a 42"));
}

// 2 frames a token: 408 a request, and 1000 at a time.
TEST_F(SpeechBatchTest, SpeechIsBoundedByFramesAndGroupedBySteps) {
  std::vector<int> sizes;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    record(call);
    if (call.point != FakePoint::kFlow) return;
    if (call.index == 0) sizes.push_back(0);
    ++sizes.back();
  });
  Engine engine(batching(Mode::kBatch));
  std::vector<Request> requests = {request_for("x")};
  for (int i = 0; i < 3; ++i) requests.push_back(request_for(std::string(200, 'a')));
  requests.push_back(requests.back());
  requests.back().cfm_steps = 3;
  for (const Job& job : submit_together(engine, requests)) (void)job.result();
  std::sort(sizes.begin(), sizes.end());
  EXPECT_THAT(sizes, ElementsAre(1, 1, 1, 2));  // x; the one of 3 steps; three as two and one
}

class SpokenTogether : public SpeechBatchTest {
 protected:
  SpokenTogether() {
    for (Request& request : requests_) request.cfm_steps = 10;
  }

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
    Engine engine(batching(Mode::kBatch));
    const std::vector<Outcome> outcomes = engine.generate_batch(requests_);
    for (size_t i = 0; i < outcomes.size(); ++i) {
      ASSERT_TRUE(outcomes[i].result) << outcomes[i].failure->message;
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
    Engine engine(batching(Mode::kDynamic));
    const std::vector<Outcome> outcomes = engine.generate_batch(requests_);
    for (size_t i = 0; i < outcomes.size(); ++i) {
      SCOPED_TRACE(requests_[i].text + " at " + std::to_string(static_cast<int>(point)));
      if (requests_[i].text == "two") {
        ASSERT_TRUE(outcomes[i].failure);
        EXPECT_FALSE(outcomes[i].result);
        EXPECT_EQ(outcomes[i].failure->status, Status::kDevice);
        EXPECT_EQ(outcomes[i].failure->message, "two is bad");
      } else {
        ASSERT_TRUE(outcomes[i].result) << outcomes[i].failure->message;
      }
    }
    EXPECT_EQ(engine.metrics().rows_in_use, 0);
    EXPECT_EQ(engine.metrics().running, 0);
  }
}

// The one that is cancelled is done within an Euler step; the rest of its batch does not notice.
TEST_F(SpokenTogether, OneIsCancelledInTheFlow) {
  const std::vector<float> second = alone(requests_[1]), last = alone(requests_[3]);
  std::optional<Job> victim;
  std::vector<int64_t> done_at;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    record(call);
    if (call.point != FakePoint::kEuler || call.task->text != "one") return;
    if (call.index == 4) victim->cancel();
    if (victim->done()) done_at.push_back(call.index);
  });
  Engine engine(batching(Mode::kBatch));
  std::atomic<int> reports{0};
  requests_[2].on_progress = [&](const Progress& progress) {
    if (progress.stage != Stage::kDecode) ++reports;
  };
  std::vector<Job> jobs = {engine.submit(requests_[0])};
  first_step_.wait();
  for (size_t i = 1; i < requests_.size(); ++i) jobs.push_back(engine.submit(requests_[i]));
  victim = jobs[2];
  all_submitted_.open();
  EXPECT_EQ(failure_of([&] { (void)victim->result(); }).status, Status::kCancelled);
  EXPECT_EQ(jobs[1].result().audio.samples, second);
  EXPECT_EQ(jobs[3].result().audio.samples, last);
  EXPECT_THAT(done_at, ElementsAre(5, 6, 7, 8, 9));
  EXPECT_EQ(reports, 7);  // prefill, and steps 0 to 5
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "vocode t"), 0);
}

// Its wave is there, and so are those of the others: nothing is spoken again.
TEST_F(SpokenTogether, AWatermarkThatFailsEndsOneAndNothingIsSpokenAgain) {
  int marked = 0, flows = 0;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kFlow) ++flows;
    if (call.point == FakePoint::kWatermark && ++marked == 2) throw std::bad_alloc();
  });
  Engine engine(batching(Mode::kBatch));
  const std::vector<Outcome> outcomes = engine.generate_batch(requests_);
  int failed = 0;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.failure) continue;
    ++failed;
    EXPECT_EQ(outcome.failure->status, Status::kOutOfMemory);
  }
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(marked, 4);
  EXPECT_EQ(flows, 4);
  EXPECT_EQ(engine.metrics().running, 0);
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
  Engine engine(batching(Mode::kBatch));
  jobs.push_back(engine.submit(requests_[0]));
  first_step_.wait();
  for (size_t i = 1; i < requests_.size(); ++i) jobs.push_back(engine.submit(requests_[i]));
  all_submitted_.open();
  for (size_t i = 1; i < jobs.size(); ++i) {
    EXPECT_EQ(failure_of([&] { (void)jobs[i].result(); }).status, Status::kCancelled);
  }
  EXPECT_EQ(last, 2);
}

}  // namespace
}  // namespace chatterbox
