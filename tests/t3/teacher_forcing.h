// How far two models are from each other when both are given the same tokens.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <memory>
#include <vector>

#include "t3/model.h"

namespace chatterbox::testing {

struct Distance {
  double equal_tokens = 0;    // share of positions with the same most likely token
  double relative_error = 0;  // of the logits, which are taken around their mean
};

// The logits after the prompt and after each of the tokens but the last, [tokens, vocabulary].
inline at::Tensor forced_logits(const t3::Model& model, const t3::VoiceKey& voice,
                                const std::vector<int64_t>& text,
                                const std::vector<int64_t>& tokens) {
  const t3::Embedder& embedder = model.embedder();
  const at::Tensor prompt =
      at::cat({embedder.conditioning(voice), embedder.text(text), embedder.starts_of_speech()});
  const auto count = static_cast<int64_t>(tokens.size());
  t3::BatchKVCache cache = model.make_cache(1, prompt.size(0) + count);
  std::vector<at::Tensor> logits = {
      model.logits(model.backbone().extend(prompt, {{0, prompt.size(0)}}, cache))};
  for (int64_t i = 0; i + 1 < count; ++i) {
    const at::Tensor x = embedder.speech({tokens[static_cast<size_t>(i)]}, {i});
    logits.push_back(model.logits(model.backbone().decode(x, {0}, cache)));
  }
  return at::cat(logits);
}

// Along these tokens.
inline Distance distance(const t3::Model& exact, const t3::Model& other, const t3::VoiceKey& voice,
                         const std::vector<int64_t>& text, const std::vector<int64_t>& tokens) {
  const c10::InferenceMode inference_mode;
  const at::Tensor a = forced_logits(exact, voice, text, tokens);
  const at::Tensor b = forced_logits(other, voice, text, tokens);
  const at::Tensor centred = a - a.mean(1, true);
  const at::Tensor error = (b - b.mean(1, true)) - centred;
  return {a.argmax(1).eq(b.argmax(1)).to(at::kDouble).mean().item<double>(),
          (error.norm() / centred.norm()).item<double>()};
}

}  // namespace chatterbox::testing
