// The speaker embedding of T3: a three-layer LSTM over overlapping windows of mel frames
// ("partials"), whose unit vectors are averaged (Generalized End-to-End Loss for Speaker
// Verification, Wan et al.).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/weight_reader.h"

namespace chatterbox::voice {

struct VoiceEncoder {
  std::vector<at::Tensor> lstm;  // weight_ih, weight_hh, bias_ih, bias_hh of each layer
  at::Tensor proj_weight;        // [256, hidden]
  at::Tensor proj_bias;
};

[[nodiscard]] VoiceEncoder load_voice_encoder(const nn::WeightReader& reader);

// Partials of 160 frames that begin every 77: how many a mel has, and how many frames they span.
// The last one counts when at least 0.8 of it is covered; missing frames are zeros.
struct PartialPlan {
  int64_t count = 0;
  int64_t frames = 0;
};
[[nodiscard]] PartialPlan plan_partials(int64_t mel_frames);

// Embeds mels a few partials at a time, so that a long recording does not hold others up.
class SpeakerEmbeddingRun {
 public:
  // As of speaker_embeddings().
  SpeakerEmbeddingRun(const VoiceEncoder& encoder, const std::vector<at::Tensor>& mels);

  bool next();  // the next 32 partials, 25 s; whether they were the last
  [[nodiscard]] at::Tensor embeddings() const;

 private:
  const VoiceEncoder* encoder_;
  std::vector<int64_t> counts_;  // partials of each mel
  std::vector<at::Tensor> partials_, embedded_;
};

// Mels [T, 40] of any lengths, power and not logarithm -> unit vectors [B, 256].
[[nodiscard]] at::Tensor speaker_embeddings(const VoiceEncoder& encoder,
                                            const std::vector<at::Tensor>& mels);

}  // namespace chatterbox::voice
