// An utterance on its way from T3 to S3Gen, with the real models.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/executor.h"
#include "runtime/speech_stream.h"

namespace chatterbox::runtime {

class ModelUtterance final : public Utterance {
 public:
  explicit ModelUtterance(Task task) : task_(std::move(task)) {}

  [[nodiscard]] const TokenStats& stats() const override { return stats_; }
  [[nodiscard]] int64_t frames() const override {
    constexpr int64_t kFramesPerToken = 2;
    return kFramesPerToken *
           static_cast<int64_t>(task_.voice->s3gen_tokens.size() + speech_tokens.size());
  }
  [[nodiscard]] int64_t cfm_steps() const override { return task_.cfm_steps; }
  [[nodiscard]] int64_t cfg_steps() const override { return task_.cfg_steps; }
  [[nodiscard]] int64_t tokens() const override {
    return static_cast<int64_t>(speech_tokens.size());
  }
  [[nodiscard]] const Task& task() const { return task_; }
  void set_stats(TokenStats stats) { stats_ = std::move(stats); }
  void set_words(std::vector<Word> words) { stats_.words = std::move(words); }

  std::vector<int64_t> speech_tokens;  // what S3Gen may see
  at::Generator after_t3;              // the request's own generator, after T3's draws, ...
  at::Generator after_flow;            // ... and after the flow's
  at::Tensor mel;                      // [80, 2 S], once the flow has run
  std::optional<SpeechStream> stream;  // once its first chunk is to be spoken

 private:
  Task task_;
  TokenStats stats_;
};

// Of so many samples of an utterance that has ended, those that stay where the family drops the end
// of the last token's sound: before an end of speech it is noise. Where there was no end it is
// speech, and stays.
[[nodiscard]] int64_t kept_samples(const ModelUtterance& utterance, int64_t samples);

}  // namespace chatterbox::runtime
