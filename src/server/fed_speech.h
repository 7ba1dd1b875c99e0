// One speech whose text comes by and by, before and after its job is there.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/speech_request.h"

namespace chatterbox::server {

class FedSpeech {
 public:
  FedSpeech(SpeechRequest asked, const SpeechLimits& limits)
      : asked_(std::move(asked)), most_characters_(limits.max_characters) {}

  // ---- From the client. None of them waits. Throw ApiError for a text that is too long, and what
  // the job's functions throw.
  void feed(const std::string& text);
  void flush();
  void end();
  // `played`: samples of the speech that the listener has heard; unset: all that was sent.
  void cancel(std::optional<uint64_t> played);
  // Takes no more text.
  [[nodiscard]] bool ended() const;

  // ---- For who speaks it.
  [[nodiscard]] SpeechRequest& asked() { return asked_; }
  // Feeds it what has come. Throws what opening and feeding throw, and kCancelled.
  [[nodiscard]] Job open(const ChatterboxEngine& engine);
  [[nodiscard]] bool cancelled() const;
  // What was heard of the text.
  struct HeardText {
    Heard heard;
    std::string text;
  };
  [[nodiscard]] HeardText heard() const;
  [[nodiscard]] size_t characters() const;
  // Ended, and nothing but spaces was fed.
  [[nodiscard]] bool blank() const;

 private:
  using Step = std::function<void(const Job&)>;
  void apply(const Step& step);  // with the lock

  SpeechRequest asked_;
  const size_t most_characters_;
  mutable std::mutex mutex_;
  std::optional<Job> job_;
  std::vector<Step> steps_;  // until there is a job
  std::string text_;
  size_t characters_ = 0;
  bool ended_ = false;
  bool cancelled_ = false;
  std::optional<uint64_t> played_;
};

}  // namespace chatterbox::server
