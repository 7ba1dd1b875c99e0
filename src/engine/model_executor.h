// The executor that runs the models: text and T3, then S3Gen.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/executor.h"
#include "engine/model_files.h"
#include "nn/placement.h"
#include "s3gen/s3gen.h"
#include "t3/t3.h"
#include "voice/source_tokens.h"
#include "voice/voice_maker.h"
#include "watermark/perth.h"

namespace chatterbox::engine {

class ModelExecutor final : public Executor {
 public:
  explicit ModelExecutor(const EngineOptions& options);

  [[nodiscard]] EngineInfo info() const override { return info_; }
  [[nodiscard]] std::shared_ptr<const voice::Conditionals> default_voice() const override;
  [[nodiscard]] std::shared_ptr<const voice::Conditionals> named_voice(
      const std::string& name) const override;
  [[nodiscard]] Request default_request() const override { return default_request_; }
  [[nodiscard]] CacheLimits limits() const override { return cache_limits_; }
  [[nodiscard]] Mode mode() const override { return options_.mode; }
  [[nodiscard]] int64_t rows(const Task& task) const override;
  [[nodiscard]] int64_t text_tokens(const Task& task) const override;
  [[nodiscard]] int64_t piece_tokens() const override;
  void check(const Task& task) const override;
  void enter_worker() override;
  void leave_worker() override;
  [[nodiscard]] bool overlaps() const override { return placement_.device.is_cuda(); }
  void enter_speech_thread() override;
  void leave_speech_thread() override;
  int64_t begin(const Task& task) override;
  bool prefill(int64_t id) override;
  [[nodiscard]] PrefixStats prefix_stats() const override;
  void step() override;
  [[nodiscard]] bool generated(int64_t id) const override;
  int64_t collect(int64_t id) override;
  [[nodiscard]] TokenStats stats(int64_t id) const override;
  void flow(const std::vector<int64_t>& ids,
            const std::function<void(int64_t)>& before_step) override;
  std::vector<std::vector<float>> vocode(const std::vector<int64_t>& ids) override;
  std::vector<float> mark(std::vector<float> wave) override;
  void end(int64_t id) noexcept override;
  [[nodiscard]] voice::Conditionals make_voice(const Audio& recording,
                                               const VoiceOptions& options) override;

 private:
  // One request or conversion between begin() and end().
  struct Sequence {
    Task task;
    std::optional<int64_t> decoding;            // the decoder's id, while it draws tokens
    std::optional<voice::SourceReader> source;  // while a conversion's source is read
    TokenStats stats;                           // complete once it draws no more
    std::vector<int64_t> speech_tokens;         // what S3Gen may see
    at::Generator after_t3;                     // the request's own generator, after T3's draws
    at::Generator after_flow;                   // and after the flow's
    at::Tensor mel;                             // [80, 2 S] once flow() has run
  };

  void load_models();
  void check_models() const;
  void describe();
  [[nodiscard]] CacheLimits plan_cache() const;
  [[nodiscard]] std::vector<int64_t> text_ids(const Task& task) const;
  [[nodiscard]] t3::SequenceOptions sequence_options(const Task& task) const;
  void check_voice(const voice::Conditionals& voice) const;
  void check_family(const Task& task) const;
  void check_size(const Task& task) const;
  bool read_source(Sequence& row) const;
  void use_threads() const;
  void crop(const Sequence& row, std::vector<float>& wave) const;
  Sequence& sequence(int64_t id);
  [[nodiscard]] const Sequence& sequence(int64_t id) const;

  EngineOptions options_;  // with the mode that is in effect
  nn::Placement placement_;
  ModelFiles files_;
  EngineInfo info_;
  std::shared_ptr<const t3::Model> t3_;
  t3::Limits t3_limits_;
  CacheLimits cache_limits_;
  std::shared_ptr<const s3gen::Flow> flow_;
  int64_t s3gen_tokens_ = 0;  // ids below this
  std::shared_ptr<const s3gen::Vocoder> vocoder_;
  std::shared_ptr<const voice::VoiceMaker> voice_maker_;
  std::shared_ptr<const watermark::Perth> watermark_;  // null: speech is not marked
  Request default_request_;

  // Of the worker thread alone.
  std::unique_ptr<c10::InferenceMode> inference_mode_;
  std::unique_ptr<t3::Decoder> decoder_;  // made for the first request: an idle engine is small
  int64_t next_id_ = 0;
  // Of the speech thread alone.
  std::unique_ptr<c10::InferenceMode> speech_inference_mode_;

  mutable std::mutex mutex_;  // for the map; a sequence belongs to one thread at a time
  std::map<int64_t, Sequence> sequences_;
};

}  // namespace chatterbox::engine
