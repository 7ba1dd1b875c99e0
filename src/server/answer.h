// The bytes of one answer between the thread that makes them and the connection that sends them: a
// bounded buffer, so that a slow reader stops its own stream and nothing else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "server/http.h"

namespace chatterbox::server {

struct AnswerOptions {
  size_t max_unsent_bytes = 256 << 10;
  bool http10 = false;     // the client knows no chunks
  bool head_only = false;  // HEAD: the body is left out
  bool keep_alive = true;  // what the client asked for; a body without an end rules it out
  // Called without a lock whenever there is something to take(); must not wait.
  std::function<void()> wake;
};

class Answer final : public Exchange {
 public:
  explicit Answer(AnswerOptions options) : options_(std::move(options)) {}

  void respond(const HttpResponse& response) override;
  void begin(const HttpResponse& head) override;
  [[nodiscard]] bool write(std::string_view bytes) override;
  void end() override;
  void break_off() override;
  [[nodiscard]] bool write_event(std::string_view json) override;
  [[nodiscard]] std::string gone() const override;
  void on_gone(std::function<void()> call) override;
  [[nodiscard]] size_t bytes_sent() const override;

  // ---- For the connection.
  enum class State { kOpen, kComplete, kAborted };
  struct Taken {
    std::string bytes;
    State state = State::kOpen;  // kOpen: there may be more
  };
  [[nodiscard]] Taken take();
  void sent(size_t bytes);
  // Nobody reads any more.
  void lose(const std::string& why);
  [[nodiscard]] bool is_complete() const;
  // After kComplete.
  [[nodiscard]] bool keep_alive() const;
  // Whether to reset the connection: the only way to say that a body without an end is not whole.
  [[nodiscard]] bool must_reset() const;

 private:
  void append(std::string_view bytes);  // with the lock
  void wake() const;

  const AnswerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::string pending_;
  size_t unsent_ = 0;  // pending, and taken but not sent
  size_t sent_ = 0;
  bool chunked_ = false;
  bool until_close_ = false;
  bool begun_ = false;
  State state_ = State::kOpen;
  std::string gone_;
  std::function<void()> on_gone_;
};

}  // namespace chatterbox::server
