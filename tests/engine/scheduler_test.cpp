// The scheduler by itself, without a worker.
#include <gmock/gmock.h>

#include "engine/make_task.h"
#include "engine/scheduling/scheduler.h"
#include "support/fake_executor.h"
#include "support/requests.h"

namespace chatterbox::engine {
namespace {

using namespace chatterbox::testing;  // NOLINT

class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() {
    model_->tokens().enter();
    model_->speech().enter();
  }
  ~SchedulerTest() override {
    model_->speech().leave();
    model_->tokens().leave();
  }
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  [[nodiscard]] std::shared_ptr<Job::State> job_of(const std::string& text) const {
    JobSetup setup;
    setup.task = make_task(request_for(text), model_->catalog());
    setup.standing.rows = model_->catalog().rows(setup.task);
    setup.submitted = model_->now();
    return std::make_shared<Job::State>(std::move(setup));
  }
  std::shared_ptr<Job::State> start(Scheduler& scheduler, const std::string& text) {
    const auto job = job_of(text);
    EXPECT_EQ(scheduler.admission(*job), Admission::kNow);
    scheduler.start(job);
    return job;
  }

  const std::unique_ptr<runtime::Model> model_ = runtime::load_model({});
  LiveMetrics metrics_;
};

TEST_F(SchedulerTest, SpeaksAndThenHasNothingToDo) {
  Scheduler scheduler(*model_, nullptr, {8}, Log(), metrics_, [] {});
  EXPECT_FALSE(scheduler.advance());
  const auto job = start(scheduler, "Hello.");
  int advances = 0;
  while (scheduler.advance()) ++advances;
  EXPECT_TRUE(job->done());
  EXPECT_EQ(job->result().speech_tokens, 10);
  EXPECT_EQ(advances, 11);  // two parts of the prefill, the second with a step, and nine steps more
}

// As many as the device reads together may be in their prefill. What is not done with the first
// one's part has its own between two other steps.
TEST_F(SchedulerTest, TextsMayBeReadTogether) {
  EngineOptions options;
  options.device = kFakeReading;
  const std::unique_ptr<runtime::Model> model = runtime::load_model(options);
  model->tokens().enter();
  model->speech().enter();
  {
    Scheduler scheduler(*model, nullptr, {8}, Log(), metrics_, [] {});
    std::vector<std::shared_ptr<Job::State>> jobs;
    for (int64_t i = 0; i < kFakeReads; ++i) jobs.push_back(start(scheduler, "one"));
    const auto last = job_of("two");
    EXPECT_EQ(scheduler.admission(*last), Admission::kNotYet);
    std::vector<int64_t> parts = {0};  // of the prefills, before each step of the first one
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point == FakePoint::kPrefill) ++parts.back();
      const bool first = call.index + 1 == static_cast<int64_t>(parts.size());
      if (call.point == FakePoint::kStep && first) parts.push_back(0);
    });
    while (scheduler.advance()) continue;
    ASSERT_GE(parts.size(), 4U);
    // The first one's two parts; the second one's first part, and so on.
    EXPECT_EQ((std::vector<int64_t>{parts[0], parts[1], parts[2]}),
              (std::vector<int64_t>{3, 2, 1}));
    for (const auto& job : jobs) EXPECT_EQ(job->result().speech_tokens, fake_tokens("one"));
  }
  model->speech().leave();
  model->tokens().leave();
}

TEST_F(SchedulerTest, WhatIsLeftEndsWithIt) {
  std::shared_ptr<Job::State> draws, waits;
  {
    Scheduler scheduler(*model_, nullptr, {8}, Log(), metrics_, [] {});
    draws = start(scheduler, "one");
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(scheduler.advance());
    waits = start(scheduler, "two");
  }
  for (const auto& job : {draws, waits}) {
    ASSERT_TRUE(job->done());
    EXPECT_EQ(job->failure()->status, Status::kInternal);
  }
  Metrics metrics;
  metrics_.fill(metrics, model_->now());
  EXPECT_EQ(metrics.running, 0);
  EXPECT_EQ(metrics.rows_in_use, 0);
}

}  // namespace
}  // namespace chatterbox::engine
