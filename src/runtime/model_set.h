// The models of a checkpoint, loaded: immutable, and what there is to know about them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/model_catalog.h"
#include "runtime/model_files.h"
#include "runtime/precision.h"
#include "s3gen/s3gen.h"
#include "t3/t3.h"
#include "voice/voice_maker.h"
#include "watermark/perth.h"

namespace chatterbox::runtime {

class ModelSet final : public ModelCatalog {
 public:
  // Reads and checks the files. What `options` name; throws what reading them throws, kDevice,
  // kUnsupported, kOutOfMemory where not even a short request would fit.
  explicit ModelSet(const EngineOptions& options);

  [[nodiscard]] const EngineInfo& info() const override { return info_; }
  [[nodiscard]] CacheLimits limits() const override { return cache_limits_; }
  [[nodiscard]] Mode mode() const override { return mode_; }
  [[nodiscard]] DeviceTraits device_traits() const override;
  [[nodiscard]] std::shared_ptr<const voice::Conditionals> default_voice() const override;
  [[nodiscard]] std::shared_ptr<const voice::Conditionals> named_voice(
      const std::string& name) const override;
  [[nodiscard]] std::vector<int64_t> encode(const Task& task) const override;
  [[nodiscard]] std::vector<text::TextWord> words(const Task& task) const override;
  [[nodiscard]] int64_t text_tokens(const Task& task) const override;
  [[nodiscard]] int64_t token_budget(const Task& task) const override;
  [[nodiscard]] int64_t piece_tokens() const override;
  [[nodiscard]] int64_t rows(const Task& task) const override;
  void check(const Task& task) const override;

  // For the machines that run them.
  [[nodiscard]] c10::Device device() const { return device_; }
  [[nodiscard]] const FamilyTraits& traits() const { return files_.traits; }
  [[nodiscard]] const std::shared_ptr<const t3::Model>& t3() const { return t3_; }
  [[nodiscard]] const t3::Limits& t3_limits() const { return t3_limits_; }
  [[nodiscard]] t3::SequenceOptions sequence_options(const Task& task) const;
  // Of a language, with the model's own heads; empty: of a family that asks for none.
  [[nodiscard]] t3::AlignmentThresholds thresholds(const std::string& language) const;
  [[nodiscard]] const s3gen::Flow& flow() const { return *flow_; }
  [[nodiscard]] const s3gen::Vocoder& vocoder() const { return *vocoder_; }
  [[nodiscard]] int64_t s3gen_tokens() const { return s3gen_tokens_; }  // ids below this
  [[nodiscard]] const std::string& s3gen_path() const { return files_.s3gen->path(); }
  [[nodiscard]] const voice::VoiceMaker& voice_maker() const { return *voice_maker_; }
  [[nodiscard]] const watermark::Perth* watermark() const {
    return watermark_.get();
  }  // may be null
  // Of the calling thread: how many threads compute for it.
  void use_threads() const;

 private:
  void load(const EngineOptions& options);
  void check_models(const EngineOptions& options) const;
  void describe(const EngineOptions& options);
  [[nodiscard]] CacheLimits plan_cache(const EngineOptions& options) const;
  void check_voice(const voice::Conditionals& voice) const;
  void check_prompt(const Task& task) const;
  void check_family(const Task& task) const;
  void check_size(const Task& task) const;

  c10::Device device_;
  Mode mode_;
  ModelFiles files_;
  StoredT3 stored_t3_;
  StagePlacements stages_;
  EngineInfo info_;
  std::shared_ptr<const t3::Model> t3_;
  t3::Limits t3_limits_;
  std::optional<t3::AlignmentHeads> alignment_heads_;  // where its file names them
  CacheLimits cache_limits_;
  std::shared_ptr<const s3gen::Flow> flow_;
  int64_t s3gen_tokens_ = 0;
  std::shared_ptr<const s3gen::Vocoder> vocoder_;
  std::shared_ptr<const voice::VoiceMaker> voice_maker_;
  std::shared_ptr<const watermark::Perth> watermark_;  // null: speech is not marked
};

}  // namespace chatterbox::runtime
