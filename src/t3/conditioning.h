// What precedes the text: who speaks, how, and with what emotion.
#pragma once

#include <ATen/core/Tensor.h>

#include "t3/perceiver.h"

namespace chatterbox::t3 {

struct Conditioning {
  nn::Linear speaker;  // [C, 256]
  Perceiver perceiver;
  nn::Linear emotion;  // [C, 1]
};

[[nodiscard]] Conditioning load_conditioning(const nn::WeightReader& reader);
// speaker_emb [1, 256], prompt [T, C] embedded speech tokens -> [34, C]
[[nodiscard]] at::Tensor condition(const Conditioning& conditioning, const at::Tensor& speaker_emb,
                                   const at::Tensor& prompt, float exaggeration);

}  // namespace chatterbox::t3
