// S3Gen with the real models.
#pragma once

#include <c10/core/InferenceMode.h>

#include <memory>
#include <utility>

#include "runtime/executor.h"
#include "runtime/model_set.h"
#include "runtime/prompt_cache.h"

namespace chatterbox::runtime {

class SpeechMachine final : public SpeechExecutor {
 public:
  explicit SpeechMachine(std::shared_ptr<const ModelSet> models)
      : models_(std::move(models)), prompts_(models_->limits().prompt_bytes) {}

  void enter() override;
  void leave() noexcept override { inference_mode_.reset(); }
  void flow(const std::vector<Utterance*>& batch,
            const std::function<void(int64_t)>& before_step) override;
  [[nodiscard]] std::vector<std::vector<float>> vocode(
      const std::vector<Utterance*>& batch) override;
  [[nodiscard]] std::vector<float> speak_chunk(
      Utterance& utterance, const ChunkRange& chunk,
      const std::function<void(int64_t)>& before_step) override;
  [[nodiscard]] std::vector<float> add_watermark(std::vector<float> wave) override;

 private:
  const std::shared_ptr<const ModelSet> models_;
  PromptCache prompts_;
  std::unique_ptr<c10::InferenceMode> inference_mode_;
};

}  // namespace chatterbox::runtime
