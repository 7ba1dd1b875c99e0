// All weights of T3, and its embeddings.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/linear.h"
#include "t3/conditioning.h"
#include "t3/llama.h"
#include "t3/t3.h"

namespace chatterbox::t3 {

// models/t3/modules/t3_config.py
inline constexpr int64_t kStartText = 255;
inline constexpr int64_t kStopText = 0;
inline constexpr int64_t kStartSpeech = 6561;
inline constexpr int64_t kStopSpeech = 6562;
inline constexpr int64_t kSpeakerSize = 256;
inline constexpr int64_t kPromptTokens = 150;

class Model {
 public:
  explicit Model(const nn::WeightReader& reader);

  // text_ids without start and stop. One row of tails, or two with guidance.
  [[nodiscard]] Prompt prompt(const voice::Conditionals& voice, float exaggeration,
                              const std::vector<int64_t>& text_ids, bool guided) const;
  // Speech tokens at their speech positions, [N, C].
  [[nodiscard]] at::Tensor embed_speech(const std::vector<int64_t>& tokens,
                                        const std::vector<int64_t>& positions) const;
  // Hidden states [R, C] -> [R, vocabulary], fp32 on the CPU.
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

  [[nodiscard]] const Llama& llama() const { return llama_; }
  [[nodiscard]] const nn::Placement& placement() const { return placement_; }
  [[nodiscard]] int64_t speech_vocabulary() const { return speech_head_.weight.size(0); }
  [[nodiscard]] Limits limits() const;

 private:
  // Rows of an embedding table in the activations' type.
  [[nodiscard]] at::Tensor look_up(const at::Tensor& table, const std::vector<int64_t>& ids) const;
  [[nodiscard]] at::Tensor first_rows(const at::Tensor& table, int64_t count) const;

  nn::Placement placement_;
  Conditioning conditioning_;
  at::Tensor text_emb_, text_pos_emb_;      // [vocabulary, C], [positions, C]
  at::Tensor speech_emb_, speech_pos_emb_;  // [vocabulary, C], [positions, C]
  Llama llama_;
  nn::Linear speech_head_;
};

}  // namespace chatterbox::t3
