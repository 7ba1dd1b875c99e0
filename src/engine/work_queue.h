// What waits for the worker, first come, first served.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "engine/job.h"

namespace chatterbox::engine {

// A voice to be made. The maker waits for it, so the recording is not copied.
struct VoiceJob {
  const Audio* recording = nullptr;
  const VoiceOptions* options = nullptr;
  Completion<voice::Conditionals> completion;
};

using Work = std::variant<std::shared_ptr<Job::Impl>, std::shared_ptr<VoiceJob>>;

void fail_work(const Work& work, const Failure& failure);

class WorkQueue {
 public:
  explicit WorkQueue(size_t capacity) : capacity_(capacity) {}

  // Throws kBusy where the queue is full, kCancelled where it is closed.
  void push(Work work);
  // Waits for room, and takes as much as there is at once. Returns how many were pushed: all, or
  // fewer where the queue was closed.
  [[nodiscard]] size_t push_all(const std::vector<Work>& works);
  // Waits until there is work; nothing where the queue is closed.
  [[nodiscard]] std::optional<Work> pop();
  // The first in the queue if `accepts` says so (under the queue's lock: it must be quick). Waits
  // so long at most for there to be one.
  [[nodiscard]] std::optional<Work> pop_if(const std::function<bool(const Work&)>& accepts,
                                           std::chrono::milliseconds patience);
  [[nodiscard]] size_t size() const;
  // Whether the job was still waiting; then it is no longer.
  [[nodiscard]] bool remove(const Job::Impl& job);
  // Nothing enters or leaves any more. Gives what was waiting.
  [[nodiscard]] std::deque<Work> close();

 private:
  std::optional<Work> pop_front();

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // there is work, or the queue is closed
  std::condition_variable room_;     // there is room, or the queue is closed
  std::deque<Work> waiting_;
  bool closed_ = false;
};

}  // namespace chatterbox::engine
