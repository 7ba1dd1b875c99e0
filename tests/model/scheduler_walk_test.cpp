// Random walks of the queue and the scheduler beside a plain model of what waits and what runs.
// After each event: rows are conserved, the order is kept, every job has one end, nobody starves.
#include <gmock/gmock.h>

#include <random>

#include "engine/make_task.h"
#include "engine/scheduling/scheduler.h"
#include "engine/scheduling/work_queue.h"
#include "model/reference_queue.h"
#include "support/fake_executor.h"
#include "support/requests.h"

namespace chatterbox::engine {
namespace {

using namespace chatterbox::testing;  // NOLINT

class Walk {
 public:
  using JobPointer = ReferenceQueue::JobPointer;

  explicit Walk(uint32_t seed) : random_(seed), model_(runtime::load_model(draw_options())) {
    model_->tokens().enter();
    model_->speech().enter();
    const int64_t max_streams = random_() % 2 == 0 ? 0 : 1 + random_() % 3;
    scheduler_ = std::make_unique<Scheduler>(*model_, nullptr, max_streams, Log(), metrics_, [] {});
  }
  ~Walk() {
    scheduler_.reset();
    model_->speech().leave();
    model_->tokens().leave();
  }
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  void run(int events) {
    for (int i = 0; i < events && !::testing::Test::HasFailure(); ++i) {
      event();
      check();
    }
    finish();
  }

 private:
  EngineOptions draw_options() {
    EngineOptions options;
    options.mode = static_cast<Mode>(random_() % 3);
    max_batch_ = 1 + static_cast<int64_t>(random_() % 5);
    options.max_batch = static_cast<int32_t>(max_batch_);
    if (random_() % 2 == 0) options.device = kFakeBatching;
    return options;
  }

  void event() {
    switch (random_() % 8) {
      case 0:
      case 1:
        return push();
      case 2:
      case 3:
        return admit();
      case 4:
        return interrupt();
      case 5:
        return read();
      default:
        (void)scheduler_->advance();
    }
  }

  void push() {
    Request request = request_for(std::string(1 + random_() % 30, 'x'));
    request.cfg_weight = random_() % 2 == 0 ? 0.F : 0.5F;  // one row or two
    request.priority = static_cast<int32_t>(random_() % 3) - 1;
    if (random_() % 3 == 0) {
      request.stream = StreamMode::kChunks;
      request.stream_options.chunks = {6};
    }
    JobSetup setup;
    setup.task = make_task(request, model_->catalog());
    setup.options = request;
    setup.on_end = [this] { ++ends_; };
    setup.standing.rows = model_->catalog().rows(setup.task);
    setup.standing.priority = request.priority;
    setup.standing.client = {false, random_() % 3};
    setup.submitted = model_->now();
    const auto job = std::make_shared<Job::State>(std::move(setup));
    job->set_driver(queue_);
    queue_->push(job);
    reference_.push(job);
    ++pushed_;
  }

  void admit() {
    const auto admission = [this](const Job::State& job) { return scheduler_->admission(job); };
    const JobPointer expected = reference_.next(admission);
    const JobPointer job = queue_->pop_if(admission);
    ASSERT_EQ(job, expected);
    if (!job) return;
    reference_.take(job);
    running_.push_back({job, 0});
    scheduler_->start(job);
  }

  void interrupt() {
    const size_t all = reference_.waiting().size() + running_.size();
    if (all == 0) return;
    const size_t chosen = random_() % all;
    if (chosen < reference_.waiting().size()) {
      const JobPointer job = reference_.waiting()[chosen];
      reference_.remove(job);
      job->interrupt({Status::kCancelled, "cancelled"});
      ASSERT_TRUE(job->done());  // what waits ends at once
      ++over_;
    } else {
      running_[chosen - reference_.waiting().size()].job->interrupt(
          {Status::kCancelled, "cancelled"});
    }
  }

  void read() {
    for (const Running& one : running_) {
      if (one.job->is_read() && random_() % 2 == 0) (void)one.job->take_chunk();
    }
  }

  void check() {
    int64_t rows = 0;
    for (auto one = running_.begin(); one != running_.end();) {
      rows += one->job->standing().rows;
      if (one->job->done()) {
        rows -= one->job->standing().rows;
        one = running_.erase(one);
        ++over_;
      } else {
        ++one;
      }
    }
    ASSERT_EQ(queue_->size(), reference_.waiting().size());
    ASSERT_EQ(ends_, over_);
    ASSERT_EQ(pushed_, over_ + static_cast<int>(reference_.waiting().size() + running_.size()));
    ASSERT_LE(running_.size(), 2U * static_cast<size_t>(max_batch_));
    Metrics metrics;
    metrics_.fill(metrics, model_->now());
    ASSERT_EQ(metrics.running, static_cast<int64_t>(running_.size()));
    ASSERT_LE(metrics.rows_in_use, rows);
    ASSERT_GE(metrics.rows_in_use, 0);
    ASSERT_EQ(fake_breaches(), 0);
  }

  // All that is left runs to its end, in a number of steps that depends on how much it is.
  void finish() {
    int64_t steps = 0;
    const auto bound =
        2000 * static_cast<int64_t>(1 + running_.size() + reference_.waiting().size());
    while (!running_.empty() || !reference_.waiting().empty()) {
      ASSERT_LT(++steps, bound) << "somebody starves";
      admit();
      (void)scheduler_->advance();
      for (const Running& one : running_) {
        while (one.job->is_read() && one.job->take_chunk()) {
        }
      }
      check();
      if (::testing::Test::HasFailure()) return;
    }
    Metrics metrics;
    metrics_.fill(metrics, model_->now());
    EXPECT_EQ(metrics.rows_in_use, 0);
    EXPECT_EQ(ends_, pushed_);
  }

  struct Running {
    JobPointer job;
    int64_t steps = 0;
  };

  std::mt19937 random_;
  int64_t max_batch_ = 0;
  const std::unique_ptr<runtime::Model> model_;
  LiveMetrics metrics_;
  const std::shared_ptr<WorkQueue> queue_ = std::make_shared<WorkQueue>(std::make_shared<Bell>());
  std::unique_ptr<Scheduler> scheduler_;
  ReferenceQueue reference_;
  std::vector<Running> running_;
  int pushed_ = 0, over_ = 0, ends_ = 0;
};

TEST(SchedulerWalk, KeepsWhatItPromises) {
  constexpr uint32_t kWalks = 150;
  for (uint32_t seed = 0; seed < kWalks && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Walk(seed).run(400);
  }
}

}  // namespace
}  // namespace chatterbox::engine
