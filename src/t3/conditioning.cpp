#include "t3/conditioning.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

namespace chatterbox::t3 {

Conditioning load_conditioning(const nn::WeightReader& reader) {
  Conditioning c;
  c.speaker = nn::read_linear(reader, "spkr_enc", -1, -1);
  c.perceiver = load_perceiver(reader.scope("perceiver"));
  c.emotion = nn::read_linear(reader, "emotion_adv_fc", -1, 1, nn::Bias::kNo);
  return c;
}

at::Tensor condition(const Conditioning& conditioning, const at::Tensor& speaker_emb,
                     const at::Tensor& prompt, float exaggeration) {
  const at::Tensor speaker = nn::linear(speaker_emb, conditioning.speaker);
  const at::Tensor resampled = perceive(conditioning.perceiver, prompt);
  const at::Tensor emotion =
      nn::linear(at::full({1, 1}, exaggeration, prompt.options()), conditioning.emotion);
  return at::cat({speaker, resampled, emotion}, 0);
}

}  // namespace chatterbox::t3
