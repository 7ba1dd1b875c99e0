// One run of an engine in virtual time.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"
#include "support/virtual_time.h"

namespace chatterbox::testing {

// Requests come when it is their time, on the engine's own
// thread; those of the beginning while the first of them is held.
class Timeline {
 public:
  Timeline(const FakeCosts& costs, const EngineOptions& options)
      : time_(costs), engine_(std::make_unique<Engine>(options)) {}

  void at(double seconds, std::function<Job(Engine&)> submit) {
    ++expected_;
    if (seconds > 0) times_.push_back(seconds);
    submissions_.emplace_back(seconds, std::move(submit));
  }
  void at(double seconds, Request request) {
    request.on_done = [this](Status) { job_ended(); };
    at(seconds, [request](Engine& engine) { return engine.submit(request); });
  }

  // The jobs, in the order of at().
  std::vector<Result> results() {
    std::vector<std::optional<Job>> jobs(submissions_.size());
    const auto submit = [&](size_t i) { jobs[i] = submissions_[i].second(*engine_); };
    for (size_t i = 1; i < submissions_.size(); ++i) {
      if (submissions_[i].first > 0) time_.at(submissions_[i].first, [=] { submit(i); });
    }
    std::atomic<bool> first{true};
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point != FakePoint::kBegin || !first.exchange(false)) return;
      for (size_t i = 1; i < submissions_.size(); ++i) {
        if (submissions_[i].first == 0) submit(i);
      }
    });
    submit(0);
    all_ended_.wait();
    end_ = time_.seconds();
    std::vector<Result> results;
    for (const auto& job : jobs) results.push_back(job->result());
    return results;
  }

  [[nodiscard]] double end() const { return end_; }
  [[nodiscard]] Engine& engine() { return *engine_; }
  void job_ended() {
    if (++ended_ == expected_) return all_ended_.open();
    // Where nothing is left to do, the time of the next request comes.
    if (ended_ == 1 + std::count_if(times_.begin(), times_.end(), [this](double seconds) {
                    return seconds <= time_.seconds();
                  }) + count_at_once()) {
      const auto next = std::upper_bound(times_.begin(), times_.end(), time_.seconds());
      if (next != times_.end()) time_.pass(*next - time_.seconds());
    }
  }

 private:
  [[nodiscard]] std::ptrdiff_t count_at_once() const {
    return std::count_if(submissions_.begin() + 1, submissions_.end(),
                         [](const auto& one) { return one.first == 0; });
  }

  VirtualTime time_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::pair<double, std::function<Job(Engine&)>>> submissions_;
  std::vector<double> times_;  // in their order
  int expected_ = 0, ended_ = 0;
  double end_ = 0;
  Latch all_ended_;
};

}  // namespace chatterbox::testing
