// What the queue promises, in the plainest way: the highest priority first, then clients in turn,
// then first come, first served.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/job_state.h"
#include "engine/scheduling/admission.h"

namespace chatterbox::engine {

class ReferenceQueue {
 public:
  using JobPointer = std::shared_ptr<Job::State>;

  void push(const JobPointer& job) {
    waiting_.push_back(job);
    auto& order = turns_[job->standing().priority];
    const ClientId client = job->standing().client;
    if (std::find(order.begin(), order.end(), client) == order.end()) order.push_back(client);
  }

  // Which is to be next: of each client the one that came first, clients in their turn.
  [[nodiscard]] JobPointer next(
      const std::function<Admission(const Job::State&)>& admission) const {
    for (auto level = turns_.rbegin(); level != turns_.rend(); ++level) {
      for (const ClientId& client : level->second) {
        const JobPointer job = first_of(level->first, client);
        const Admission answer = admission(*job);
        if (answer == Admission::kNow) return job;
        if (answer == Admission::kNotYet) return nullptr;
      }
    }
    return nullptr;
  }

  // Its client's turn comes again when the others have had theirs.
  void take(const JobPointer& job) {
    auto& order = turns_[job->standing().priority];
    const auto turn = std::find(order.begin(), order.end(), job->standing().client);
    std::rotate(turn, std::next(turn), order.end());
    remove(job);
  }

  void remove(const JobPointer& job) {
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), job));
    const int32_t priority = job->standing().priority;
    const ClientId client = job->standing().client;
    if (first_of(priority, client)) return;
    auto& order = turns_[priority];
    order.erase(std::find(order.begin(), order.end(), client));
    if (order.empty()) turns_.erase(priority);
  }

  [[nodiscard]] const std::vector<JobPointer>& waiting() const { return waiting_; }

 private:
  [[nodiscard]] JobPointer first_of(int32_t priority, const ClientId& client) const {
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const JobPointer& job) {
      return job->standing().priority == priority && job->standing().client == client;
    });
    return found == waiting_.end() ? nullptr : *found;
  }

  std::vector<JobPointer> waiting_;  // in the order in which they came
  std::map<int32_t, std::vector<ClientId>> turns_;
};

}  // namespace chatterbox::engine
