#include "cli/input_feeder.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "cli/running_job.h"

namespace chatterbox::cli {
namespace {

// Bytes at the end that begin a character of UTF-8 whose other bytes have not come.
size_t incomplete_bytes(const std::string& text) {
  constexpr size_t kMost = 3;
  for (size_t i = 1; i <= std::min(kMost, text.size()); ++i) {
    const auto byte = static_cast<unsigned char>(text[text.size() - i]);
    if ((byte & 0xC0U) == 0x80U) continue;  // not the first of its character
    const size_t bytes = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
    return bytes > i ? i : 0;
  }
  return 0;
}

}  // namespace

void InputFeeder::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void InputFeeder::rethrow() {
  stop();
  if (error_) throw Error(*error_);
}

void InputFeeder::run() noexcept {
  try {
    feed_until_the_end();
  } catch (const Error& error) {
    error_ = error;
    job_.cancel();
  }
}

void InputFeeder::feed_until_the_end() {
  while (!stopping_ && !job_.done()) {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    const int ready = poll(&input, 1, static_cast<int>(kPollInterval.count()));
    if (ready < 0 && errno != EINTR) throw Error(Status::kIo, "standard input cannot be read");
    if (ready > 0 && !read_more()) return;
  }
}

// False: that was the end.
bool InputFeeder::read_more() {
  std::array<char, 4096> bytes{};
  const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) return true;
    throw Error(Status::kIo, "standard input cannot be read");
  }
  unfed_.append(bytes.data(), static_cast<size_t>(count));
  const size_t whole = count == 0 ? unfed_.size() : unfed_.size() - incomplete_bytes(unfed_);
  job_.feed(unfed_.substr(0, whole));
  text_.append(unfed_, 0, whole);
  unfed_.erase(0, whole);
  if (count == 0) job_.end();
  return count > 0;
}

}  // namespace chatterbox::cli
