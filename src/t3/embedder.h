// What becomes the backbone's input: who speaks, the text, the speech tokens. Its kinds are the
// families of models. Immutable.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/placement.h"
#include "t3/t3.h"

namespace chatterbox::t3 {

// All that the conditioning is made from.
struct VoiceKey {
  std::vector<float> speaker_emb;      // [256]
  std::vector<int64_t> prompt_tokens;  // speech tokens, at most Limits::prompt_tokens
  float exaggeration = 0;              // no matter where the family has none

  [[nodiscard]] bool operator==(const VoiceKey& other) const {
    return speaker_emb == other.speaker_emb && prompt_tokens == other.prompt_tokens &&
           exaggeration == other.exaggeration;
  }
};

class Embedder {
 public:
  Embedder() = default;
  Embedder(const Embedder&) = delete;
  Embedder& operator=(const Embedder&) = delete;
  virtual ~Embedder() = default;

  // All of Limits but what the backbone has: max_positions and kv_bytes_per_position, which is
  // given.
  [[nodiscard]] virtual Limits limits(int64_t max_positions) const = 0;
  [[nodiscard]] virtual int64_t conditioning_positions(const VoiceKey& voice) const = 0;
  // [P, C]
  [[nodiscard]] virtual at::Tensor conditioning(const VoiceKey& voice) const = 0;
  // A text's ids as the tokenizer gives them, with what frames them, [N, C].
  [[nodiscard]] virtual at::Tensor text(const std::vector<int64_t>& ids) const = 0;
  // What guidance's row has at these positions of the text instead, [count, C].
  [[nodiscard]] virtual at::Tensor no_text(int64_t first, int64_t count) const = 0;
  // What follows the text, [S, C].
  [[nodiscard]] virtual at::Tensor starts_of_speech() const = 0;
  // Speech tokens, counted from 0: the token of index i was drawn as the i-th. The start of speech
  // has index -1. [N, C]
  [[nodiscard]] at::Tensor speech(const std::vector<int64_t>& tokens,
                                  const std::vector<int64_t>& indices) const;
  // The same of tensors [N] that are where the model is; places: the indices, counted from the
  // start of speech, whose place is 0.
  [[nodiscard]] virtual at::Tensor speech(const at::Tensor& tokens,
                                          const at::Tensor& places) const = 0;

 protected:
  [[nodiscard]] virtual c10::Device device() const = 0;
};

// Of tokens that were drawn as the ones of these indices: see Embedder::speech().
[[nodiscard]] std::vector<int64_t> speech_places(const std::vector<int64_t>& indices);
// Rows of an embedding table in the activations' type.
[[nodiscard]] at::Tensor look_up(const at::Tensor& table, const std::vector<int64_t>& ids);
[[nodiscard]] at::Tensor look_up(const at::Tensor& table, const at::Tensor& ids);
// The speaker embedding as a tensor of the activations' type, [1, 256].
[[nodiscard]] at::Tensor speaker_tensor(const VoiceKey& voice, const nn::Placement& placement);

}  // namespace chatterbox::t3
