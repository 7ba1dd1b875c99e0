#include "engine/job.h"

#include <algorithm>
#include <utility>

#include "engine/bell.h"
#include "engine/job_state.h"
#include "support/error.h"

namespace chatterbox {
namespace {

using engine::end_of_wait;
using engine::TimePoint;

// Rung when one of the jobs is done, for as long as this object lives.
class Watch {
 public:
  explicit Watch(const std::vector<Job>& jobs) : jobs_(jobs) {
    try {
      for (const Job& job : jobs_) job.state()->add_watcher(bell_);
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Watch() { stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  [[nodiscard]] bool wait_until(TimePoint due) const { return bell_->wait_until(due); }

 private:
  void stop() const {
    for (const Job& job : jobs_) job.state()->remove_watcher(bell_);
  }

  const std::vector<Job>& jobs_;
  const std::shared_ptr<engine::Bell> bell_ = std::make_shared<engine::Bell>();
};

std::optional<size_t> first_done(const std::vector<Job>& jobs) {
  const auto found =
      std::find_if(jobs.begin(), jobs.end(), [](const Job& job) { return job.done(); });
  if (found == jobs.end()) return std::nullopt;
  return static_cast<size_t>(found - jobs.begin());
}

}  // namespace

Job::Job(std::shared_ptr<State> state) : state_(std::move(state)) {
  if (!state_) fail(Status::kInternal, "a job without a state");
}

uint64_t Job::tag() const { return state_->tag(); }

bool Job::done() const { return state_->done(); }

bool Job::wait(std::chrono::milliseconds timeout) const {
  const TimePoint due = end_of_wait(timeout, engine::Clock::now());
  return timeout.count() == 0 ? done() : state_->wait_until(due);
}

void Job::wait_until_told() const { state_->wait_until_told(); }

const Result& Job::result() const { return state_->result(); }

std::optional<Failure> Job::failure() const { return state_->failure(); }

void Job::cancel() const { state_->cancel(); }

void Job::feed(std::string_view text) const { state_->feed(text, engine::Feed::kMore); }

void Job::flush() const { state_->feed({}, engine::Feed::kFlush); }

void Job::end() const { state_->feed({}, engine::Feed::kEnd); }

Heard Job::heard(std::optional<int64_t> samples) const { return state_->heard(samples); }

Word Job::word(size_t index) const { return state_->word(index); }

Job::Next Job::next(std::chrono::milliseconds timeout, Chunk& chunk) const {
  return state_->next(end_of_wait(timeout, engine::Clock::now()), chunk);
}

std::optional<size_t> wait_any(const std::vector<Job>& jobs, std::chrono::milliseconds timeout) {
  if (jobs.empty()) fail(Status::kInvalidArgument, "there must be a job to wait for, got none");
  const TimePoint due = end_of_wait(timeout, engine::Clock::now());
  auto found = first_done(jobs);
  if (found || timeout.count() == 0) return found;
  for (const Job& job : jobs) job.state()->refuse_own_thread();
  const Watch watch(jobs);
  while (!(found = first_done(jobs))) {
    if (!watch.wait_until(due)) return first_done(jobs);
  }
  return found;
}

}  // namespace chatterbox
