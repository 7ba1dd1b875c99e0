// Text from standard input, spoken as it comes.
#pragma once

#include <atomic>
#include <chatterbox/chatterbox.hpp>
#include <optional>
#include <string>
#include <thread>

namespace chatterbox::cli {

// Feeds a job what standard input has until its end, on a thread of its own.
class InputFeeder {
 public:
  explicit InputFeeder(Job job) : job_(std::move(job)), thread_([this] { run(); }) {}
  ~InputFeeder() { stop(); }
  InputFeeder(const InputFeeder&) = delete;
  InputFeeder& operator=(const InputFeeder&) = delete;

  // All that was fed, once the job is done.
  [[nodiscard]] const std::string& text() {
    stop();
    return text_;
  }
  // Reads no more, and throws why it could not feed the job, which it then has cancelled.
  void rethrow();

 private:
  void stop();
  void run() noexcept;
  void feed_until_the_end();
  [[nodiscard]] bool read_more();

  const Job job_;
  std::atomic<bool> stopping_{false};
  std::string text_;
  std::string unfed_;  // the beginning of a character
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace chatterbox::cli
