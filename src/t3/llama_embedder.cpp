#include "t3/llama_embedder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include "support/error.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kPromptTokens = 150;  // speech_cond_prompt_len of models/t3/modules/t3_config.py
constexpr int64_t kFraming = 2;         // the start and the stop of the text

// The reference appends a second start of speech to its initial one, both at speech position 0. Not
// so where blocks are filled.
int64_t starts(SamplingFamily family) { return family == SamplingFamily::kBlocks ? 1 : 2; }

// By the file's size: a missing table has a placeholder, and is named with all other defects.
void check_framing(const nn::WeightReader& reader, const TextFraming& framing) {
  constexpr const char* kTable = "text_emb.weight";
  if (!reader.has(kTable)) return;
  const int64_t size = reader.dim(kTable, 0);
  const auto check = [=](const char* what, int64_t id) {
    if (id < 0 || id >= size) {
      fail(Status::kBadModelFile, "the text's {} token is {}, the text embedding of T3 has {} ids",
           what, id, size);
    }
  };
  check("start", framing.start);
  check("stop", framing.stop);
}

}  // namespace

LlamaEmbedder::LlamaEmbedder(const nn::WeightReader& reader, TextFraming framing,
                             SamplingFamily family)
    : placement_(reader.placement()), framing_(framing), family_(family) {
  check_framing(reader, framing);
  conditioning_ = load_conditioning(reader.scope("cond_enc"));
  const int64_t c = conditioning_.speaker.outputs();
  text_emb_ = reader.get("text_emb.weight", {-1, c});
  text_pos_emb_ = reader.get("text_pos_emb.emb.weight", {-1, c});
  speech_emb_ = reader.get("speech_emb.weight", {-1, c});
  speech_pos_emb_ = reader.get("speech_pos_emb.emb.weight", {-1, c});
}

int64_t LlamaEmbedder::conditioning_positions(const VoiceKey& /*voice*/) const {
  return 1 + conditioning_.perceiver.query.size(0) + 1;  // speaker, prompt, emotion
}

int64_t LlamaEmbedder::positions() const {
  return conditioning_positions({}) + text_pos_emb_.size(0) + starts(family_) +
         speech_pos_emb_.size(0);
}

Limits LlamaEmbedder::limits(int64_t max_positions) const {
  Limits limits;
  limits.text_vocabulary = text_emb_.size(0);
  limits.speech_vocabulary =
      speech_emb_.size(0) - (family_ == SamplingFamily::kBlocks ? 1 : 0);  // without the mask
  limits.max_text_tokens = text_pos_emb_.size(0);
  limits.max_speech_tokens = speech_pos_emb_.size(0);
  limits.max_positions = max_positions;
  limits.prompt_tokens = kPromptTokens;
  limits.conditioning_positions = conditioning_positions({});
  limits.text_framing = kFraming;
  limits.starts_of_speech = starts(family_);
  limits.sampling = family_;
  return limits;
}

at::Tensor LlamaEmbedder::rows(const at::Tensor& table, int64_t first, int64_t count) const {
  return table.narrow(0, first, count).to(nn::activation_type(placement_));
}

// The prompt's positions are the first of the table: the reference's module takes a tensor's
// length.
at::Tensor LlamaEmbedder::conditioning(const VoiceKey& voice) const {
  const auto size = static_cast<int64_t>(voice.prompt_tokens.size());
  const at::Tensor prompt =
      look_up(speech_emb_, voice.prompt_tokens) + rows(speech_pos_emb_, 0, size);
  return condition(conditioning_, speaker_tensor(voice, placement_), prompt, voice.exaggeration);
}

at::Tensor LlamaEmbedder::text(const std::vector<int64_t>& ids) const {
  std::vector<int64_t> framed = {framing_.start};
  framed.insert(framed.end(), ids.begin(), ids.end());
  framed.push_back(framing_.stop);
  const auto count = static_cast<int64_t>(framed.size());
  return look_up(text_emb_, framed) + rows(text_pos_emb_, 0, count);
}

// The text's embeddings are zero, its positions stay.
at::Tensor LlamaEmbedder::no_text(int64_t first, int64_t count) const {
  return rows(text_pos_emb_, first, count);
}

at::Tensor LlamaEmbedder::starts_of_speech() const {
  const std::vector<int64_t> tokens(static_cast<size_t>(starts(family_)), kStartSpeech);
  return look_up(speech_emb_, tokens) + rows(speech_pos_emb_, 0, 1);
}

at::Tensor LlamaEmbedder::speech(const at::Tensor& tokens, const at::Tensor& places) const {
  return look_up(speech_emb_, tokens) + look_up(speech_pos_emb_, places);
}

}  // namespace chatterbox::t3
