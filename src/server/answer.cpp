#include "server/answer.h"

#include <cstdio>
#include <utility>

namespace chatterbox::server {
namespace {

std::string chunk_header(size_t size) {
  char text[20];
  (void)std::snprintf(text, sizeof text, "%zx\r\n", size);
  return text;
}

}  // namespace

void Answer::wake() const {
  if (options_.wake) options_.wake();
}

void Answer::append(std::string_view bytes) {
  pending_.append(bytes);
  unsent_ += bytes.size();
}

void Answer::respond(const HttpResponse& response) {
  {
    const std::lock_guard lock(mutex_);
    if (begun_ || !gone_.empty()) return;
    begun_ = true;
    append(head_block(response, response.body.size(), false, options_.keep_alive));
    if (!options_.head_only) append(response.body);
    state_ = State::kComplete;
  }
  wake();
}

void Answer::begin(const HttpResponse& head) {
  {
    const std::lock_guard lock(mutex_);
    if (begun_ || !gone_.empty()) return;
    begun_ = true;
    chunked_ = !options_.http10;
    until_close_ = options_.http10;
    append(head_block(head, kUnknownLength, chunked_, options_.keep_alive && !until_close_));
  }
  wake();
}

bool Answer::write(std::string_view bytes) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return !gone_.empty() || unsent_ < options_.max_unsent_bytes; });
    if (!gone_.empty() || state_ != State::kOpen) return false;
    if (bytes.empty() || options_.head_only) return true;
    if (chunked_) append(chunk_header(bytes.size()));
    append(bytes);
    if (chunked_) append("\r\n");
  }
  wake();
  return true;
}

void Answer::end() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return;
    if (chunked_ && !options_.head_only) append("0\r\n\r\n");
    state_ = State::kComplete;
  }
  wake();
}

void Answer::break_off() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return;
    state_ = State::kAborted;
  }
  wake();
}

bool Answer::write_event(std::string_view json) {
  return write(std::string("data: ").append(json).append("\n\n"));
}

std::string Answer::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

void Answer::on_gone(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (gone_.empty()) {
      on_gone_.swap(call);  // the old one is destroyed without the lock
      return;
    }
  }
  if (call) call();
}

size_t Answer::bytes_sent() const {
  const std::lock_guard lock(mutex_);
  const bool goes_out = state_ == State::kComplete && gone_.empty();
  return goes_out ? sent_ + unsent_ : sent_;
}

Answer::Taken Answer::take() {
  const std::lock_guard lock(mutex_);
  return {std::exchange(pending_, {}), state_};
}

void Answer::sent(size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    unsent_ -= bytes;
    sent_ += bytes;
  }
  room_.notify_all();
}

void Answer::lose(const std::string& why) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (!gone_.empty()) return;
    gone_ = why;
    call = std::move(on_gone_);
    on_gone_ = nullptr;
  }
  room_.notify_all();
  if (call) call();
}

bool Answer::is_complete() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kComplete;
}

bool Answer::keep_alive() const {
  const std::lock_guard lock(mutex_);
  return options_.keep_alive && !until_close_ && state_ == State::kComplete;
}

bool Answer::must_reset() const {
  const std::lock_guard lock(mutex_);
  return until_close_ && state_ == State::kAborted;
}

}  // namespace chatterbox::server
