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

  std::shared_ptr<Job::State> start(Scheduler& scheduler, const std::string& text) {
    JobSetup setup;
    setup.task = make_task(request_for(text), model_->catalog());
    setup.standing.rows = model_->catalog().rows(setup.task);
    setup.submitted = model_->now();
    const auto job = std::make_shared<Job::State>(std::move(setup));
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
