// What waits for the worker, first come, first served.
#pragma once

#include <condition_variable>
#include <deque>
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
  const TensorSink* sink = nullptr;
  Completion<voice::Conditionals> completion;
};

using Work = std::variant<std::shared_ptr<Job::Impl>, std::shared_ptr<VoiceJob>>;

void fail_work(const Work& work, const Failure& failure);

class WorkQueue {
 public:
  explicit WorkQueue(size_t capacity) : capacity_(capacity) {}

  // Throws kBusy where the queue is full, kCancelled where it is closed.
  void push(Work work);
  // Waits until there is work; nothing where the queue is closed.
  [[nodiscard]] std::optional<Work> pop();
  // Never waits.
  [[nodiscard]] std::optional<Work> try_pop();
  // Whether the job was still waiting; then it is no longer.
  [[nodiscard]] bool remove(const Job::Impl& job);
  // Nothing enters or leaves any more. Gives what was waiting.
  [[nodiscard]] std::deque<Work> close();

 private:
  std::optional<Work> pop_front();

  const size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> waiting_;
  bool closed_ = false;
};

}  // namespace chatterbox::engine
