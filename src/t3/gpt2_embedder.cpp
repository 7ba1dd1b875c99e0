#include "t3/gpt2_embedder.h"

#include <ATen/ops/cat.h>

#include "support/error.h"
#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kPromptTokens = 375;  // speech_cond_prompt_len of tts_turbo.py
constexpr int64_t kStarts = 1;

}  // namespace

Gpt2Embedder::Gpt2Embedder(const nn::WeightReader& reader)
    : placement_(reader.placement()),
      speaker_(nn::read_linear(reader.scope("cond_enc"), "spkr_enc", -1, -1)) {
  const int64_t c = speaker_.outputs();
  text_emb_ = reader.get("text_emb.weight", {-1, c});
  speech_emb_ = reader.get("speech_emb.weight", {-1, c});
}

int64_t Gpt2Embedder::conditioning_positions(const VoiceKey& voice) const {
  return 1 + static_cast<int64_t>(voice.prompt_tokens.size());
}

// No table has text or speech alone: each may have what a full conditioning, a start and one
// position of the other leave.
Limits Gpt2Embedder::limits(int64_t max_positions) const {
  Limits limits;
  limits.text_vocabulary = text_emb_.size(0);
  limits.speech_vocabulary = speech_emb_.size(0);
  limits.max_positions = max_positions;
  limits.prompt_tokens = kPromptTokens;
  limits.conditioning_positions = 1 + kPromptTokens;
  limits.text_framing = 0;
  limits.starts_of_speech = kStarts;
  limits.max_text_tokens = max_positions - limits.conditioning_positions - kStarts - 1;
  limits.max_speech_tokens = limits.max_text_tokens;
  limits.sampling = SamplingFamily::kPlain;
  return limits;
}

at::Tensor Gpt2Embedder::conditioning(const VoiceKey& voice) const {
  return at::cat({nn::linear(speaker_tensor(voice, placement_), speaker_),
                  look_up(speech_emb_, voice.prompt_tokens)});
}

at::Tensor Gpt2Embedder::text(const std::vector<int64_t>& ids) const {
  return look_up(text_emb_, ids);
}

at::Tensor Gpt2Embedder::starts_of_speech() const {
  return look_up(speech_emb_, std::vector<int64_t>(kStarts, kStartSpeech));
}

at::Tensor Gpt2Embedder::no_text(int64_t /*first*/, int64_t /*count*/) const {
  fail(Status::kInternal, "this family of models has no row without a text");
}

at::Tensor Gpt2Embedder::speech(const at::Tensor& tokens, const at::Tensor& /*places*/) const {
  return look_up(speech_emb_, tokens);
}

}  // namespace chatterbox::t3
