#include "engine/scheduling/speech_thread.h"

#include <utility>

#include "engine/own_thread.h"
#include "support/start_thread.h"

namespace chatterbox::engine {

SpeechThread::SpeechThread(runtime::SpeechExecutor& executor, std::shared_ptr<Bell> worker,
                           const void* engine)
    : worker_(std::move(worker)),
      engine_(engine),
      thread_(start_thread([this, &executor] { loop(executor); })) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return entered_ || failure_; });
  if (entered_) return;
  lock.unlock();
  thread_.join();
  std::rethrow_exception(failure_);
}

SpeechThread::~SpeechThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SpeechThread::run(std::function<void()> work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = std::move(work);
  }
  changed_.notify_all();
}

bool SpeechThread::busy() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<bool>(work_);
}

void SpeechThread::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return !work_; });
}

void SpeechThread::rethrow() {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  lock.unlock();
  if (failure) std::rethrow_exception(failure);
}

void SpeechThread::loop(runtime::SpeechExecutor& executor) {
  const OwnThread mark(engine_);
  try {
    executor.enter();
  } catch (...) {
    executor.leave();
    const std::lock_guard<std::mutex> lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
    return;
  }
  work_until_stopped();
  executor.leave();
}

void SpeechThread::work_until_stopped() {
  std::unique_lock<std::mutex> lock(mutex_);
  entered_ = true;
  changed_.notify_all();
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || work_; });
    if (!work_) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      work_();  // nobody else touches it while it is there
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    failure_ = failure;
    work_ = nullptr;
    changed_.notify_all();
    worker_->ring();
  }
}

}  // namespace chatterbox::engine
