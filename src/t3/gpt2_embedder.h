// The input of Turbo and Nano: a voice's prompt as it is, positions known to the backbone alone.
#pragma once

#include "nn/linear.h"
#include "t3/embedder.h"

namespace chatterbox::t3 {

class Gpt2Embedder final : public Embedder {
 public:
  // The tensors outside "tfmr" and the heads.
  explicit Gpt2Embedder(const nn::WeightReader& reader);

  [[nodiscard]] Limits limits(int64_t max_positions) const override;
  [[nodiscard]] int64_t conditioning_positions(const VoiceKey& voice) const override;
  [[nodiscard]] at::Tensor conditioning(const VoiceKey& voice) const override;
  [[nodiscard]] at::Tensor text(const std::vector<int64_t>& ids) const override;
  [[nodiscard]] at::Tensor no_text(int64_t first, int64_t count) const override;
  [[nodiscard]] at::Tensor starts_of_speech() const override;
  using Embedder::speech;
  [[nodiscard]] at::Tensor speech(const at::Tensor& tokens,
                                  const at::Tensor& places) const override;

 private:
  [[nodiscard]] c10::Device device() const override { return placement_.device; }
  nn::Placement placement_;
  nn::Linear speaker_;                // [C, 256]
  at::Tensor text_emb_, speech_emb_;  // [vocabulary, C]
};

}  // namespace chatterbox::t3
