// The input of the English, the multilingual and the Flash models: learned positions for text and
// speech, a resampled prompt, guidance.
#pragma once

#include "nn/weight_reader.h"
#include "t3/conditioning.h"
#include "t3/embedder.h"
#include "t3/special_tokens.h"

namespace chatterbox::t3 {

class LlamaEmbedder final : public Embedder {
 public:
  // The tensors outside "tfmr" and the heads. Throws kBadModelFile where the text embedding has no
  // row for what frames the text.
  explicit LlamaEmbedder(const nn::WeightReader& reader, TextFraming framing = {},
                         SamplingFamily family = SamplingFamily::kGuided);

  // The longest row that the tables allow.
  [[nodiscard]] int64_t positions() const;

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
  // Of a table of positions.
  [[nodiscard]] at::Tensor rows(const at::Tensor& table, int64_t first, int64_t count) const;

  nn::Placement placement_;
  TextFraming framing_;
  SamplingFamily family_;
  Conditioning conditioning_;
  at::Tensor text_emb_, text_pos_emb_;      // [vocabulary, C], [positions, C]
  at::Tensor speech_emb_, speech_pos_emb_;  // [vocabulary, C], [positions, C]
};

}  // namespace chatterbox::t3
