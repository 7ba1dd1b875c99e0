// The policy of version 0.1, worked out step by step for the costs of the fake model: speech in
// batches on every device, for which an utterance waits until no more draw than are ready, a batch
// is full, or 32 decode steps have passed.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "support/fake_executor.h"
#include "support/virtual_time.h"

namespace chatterbox::testing {

// A request of so many tokens that comes at a time.
struct Arrival {
  double at = 0;
  int64_t tokens = 0;
};

class OldPolicy {
 public:
  OldPolicy(const FakeCosts& costs, int64_t cfm_steps, int64_t max_batch, int64_t batch_frames)
      : costs_(costs), cfm_steps_(cfm_steps), max_batch_(max_batch), batch_frames_(batch_frames) {}

  // Seconds from its arrival to its end for each of them, which are in the order of their times.
  std::vector<double> run(const std::vector<Arrival>& arrivals) {
    std::vector<double> latencies(arrivals.size());
    size_t arrived = 0;
    for (size_t done = 0; done < arrivals.size();) {
      for (; arrived < arrivals.size() && arrivals[arrived].at <= now_; ++arrived) {
        queue_.push_back({arrived, arrivals[arrived].tokens});
      }
      if (queue_.empty() && running_.empty()) {
        now_ = arrivals[arrived].at;
        continue;
      }
      admit();
      step();
      for (const size_t request : speak()) {
        latencies[request] = now_ - arrivals[request].at;
        ++done;
      }
    }
    return latencies;
  }

  [[nodiscard]] double now() const { return now_; }

 private:
  struct Sequence {
    size_t request = 0;
    int64_t tokens = 0;
    int64_t prefilled = 0, drawn = 0, waited = 0;

    [[nodiscard]] bool in_prefill() const { return prefilled < kFakePrefills; }
    [[nodiscard]] bool ready() const { return drawn == tokens; }
  };

  void admit() {
    const auto in_prefill = [](const Sequence& one) { return one.in_prefill(); };
    const auto ready = std::count_if(running_.begin(), running_.end(),
                                     [](const Sequence& one) { return one.ready(); });
    const auto size = static_cast<int64_t>(running_.size());
    if (!queue_.empty() && size < 2 * max_batch_ && size - ready < max_batch_ &&
        std::none_of(running_.begin(), running_.end(), in_prefill)) {
      running_.push_back(queue_.front());
      queue_.pop_front();
    }
    const auto next = std::find_if(running_.begin(), running_.end(), in_prefill);
    if (next == running_.end()) return;
    ++next->prefilled;
    now_ += costs_.prefill_part;
  }

  void step() {
    int64_t rows = 0;
    for (Sequence& one : running_) {
      if (one.ready()) ++one.waited;
      if (one.in_prefill() || one.ready()) continue;
      ++one.drawn;
      rows += 2;
    }
    if (rows > 0) now_ += costs_.step + costs_.step_row * static_cast<double>(rows);
  }

  [[nodiscard]] int64_t frames(const Sequence& one) const {
    return costs_.prompt_frames + 2 * one.tokens;
  }

  // The requests that were spoken.
  std::vector<size_t> speak() {
    std::vector<Sequence> ready;
    for (const Sequence& one : running_) {
      if (one.ready()) ready.push_back(one);
    }
    std::stable_sort(ready.begin(), ready.end(),
                     [](const Sequence& a, const Sequence& b) { return a.tokens < b.tokens; });
    std::vector<std::vector<Sequence>> batches;
    for (const Sequence& one : ready) {
      if (batches.empty() ||
          static_cast<int64_t>(batches.back().size() + 1) * frames(one) > batch_frames_) {
        batches.emplace_back();
      }
      batches.back().push_back(one);
    }
    if (batches.empty()) return {};
    const auto waited = [](const std::vector<Sequence>& batch) {
      return std::max_element(batch.begin(), batch.end(),
                              [](const auto& a, const auto& b) { return a.waited < b.waited; })
          ->waited;
    };
    const auto first =
        std::max_element(batches.begin(), batches.end(),
                         [&](const auto& a, const auto& b) { return waited(a) < waited(b); });
    const bool enough = 2 * ready.size() >= running_.size() || batches.size() > 1;
    if (!enough && waited(*first) < 32) return {};
    return finish(*first);
  }

  std::vector<size_t> finish(const std::vector<Sequence>& batch) {
    double longest = 0, all = 0;
    std::vector<size_t> requests;
    for (const Sequence& one : batch) {
      const auto size = static_cast<double>(frames(one));
      longest = std::max(longest, size);
      all += size;
      requests.push_back(one.request);
    }
    const double paid = longest + (all - longest) * (1 - costs_.batch_gain);
    now_ += paid * (costs_.euler_frame * static_cast<double>(cfm_steps_) + costs_.vocoder_frame);
    running_.erase(std::remove_if(running_.begin(), running_.end(),
                                  [&](const Sequence& one) {
                                    return std::count(requests.begin(), requests.end(),
                                                      one.request) > 0;
                                  }),
                   running_.end());
    return requests;
  }

  const FakeCosts costs_;
  const int64_t cfm_steps_, max_batch_, batch_frames_;
  double now_ = 0;
  std::deque<Sequence> queue_;
  std::vector<Sequence> running_;
};

}  // namespace chatterbox::testing
