#include "t3/model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <string>

#include "nn/cpu/kernels.h"
#include "support/error.h"

namespace chatterbox::t3 {
namespace {

void check_ids(const std::vector<int64_t>& ids, int64_t vocabulary, const char* what) {
  for (const int64_t id : ids) {
    if (id < 0 || id >= vocabulary) {
      fail(Status::kInvalidArgument, "{} must be in [0, {}), got {}", what, vocabulary, id);
    }
  }
}

}  // namespace

Model::Model(const nn::WeightReader& reader) : placement_(reader.placement()) {
  reader.ignore("text_head.weight");  // predicts text: training only
  conditioning_ = load_conditioning(reader.scope("cond_enc"));
  llama_ = load_llama(reader.scope("tfmr"));
  const int64_t c = llama_.norm.size(0);
  text_emb_ = reader.get("text_emb.weight", {-1, c});
  text_pos_emb_ = reader.get("text_pos_emb.emb.weight", {-1, c});
  speech_emb_ = reader.get("speech_emb.weight", {-1, c});
  speech_pos_emb_ = reader.get("speech_pos_emb.emb.weight", {-1, c});
  speech_head_ = nn::read_linear(reader, "speech_head", speech_emb_.size(0), c, nn::Bias::kNo);
}

at::Tensor Model::look_up(const at::Tensor& table, const std::vector<int64_t>& ids) const {
  const at::Tensor index = at::tensor(ids, at::kLong).to(placement_.device);
  return table.index_select(0, index).to(nn::activation_type(placement_));
}

at::Tensor Model::first_rows(const at::Tensor& table, int64_t count) const {
  return table.narrow(0, 0, count).to(nn::activation_type(placement_));
}

// [cond | text | BOS | BOS]: the reference appends a second start of speech to its initial one,
// both at speech position 0. The conditioning is the same in both rows.
Prompt Model::prompt(const voice::Conditionals& voice, float exaggeration,
                     const std::vector<int64_t>& text_ids, bool guided) const {
  check_ids(voice.prompt_tokens, speech_emb_.size(0), "a prompt token of the voice");
  check_ids(text_ids, text_emb_.size(0), "a text token");
  const auto prompt_size = static_cast<int64_t>(voice.prompt_tokens.size());
  if (prompt_size < 1 || prompt_size > kPromptTokens) {
    fail(Status::kBadVoice, "the voice must have 1 to {} prompt tokens, got {}", kPromptTokens,
         prompt_size);
  }
  // Looked up by the position in the prompt: the reference's module takes a tensor's length.
  const at::Tensor prompt =
      look_up(speech_emb_, voice.prompt_tokens) + first_rows(speech_pos_emb_, prompt_size);
  const at::Tensor speaker = at::tensor(voice.speaker_emb, at::kFloat)
                                 .view({1, kSpeakerSize})
                                 .to(placement_.device, nn::activation_type(placement_));

  std::vector<int64_t> ids = {kStartText};
  ids.insert(ids.end(), text_ids.begin(), text_ids.end());
  ids.push_back(kStopText);
  const at::Tensor text_positions = first_rows(text_pos_emb_, static_cast<int64_t>(ids.size()));
  const at::Tensor text = look_up(text_emb_, ids) + text_positions;
  const at::Tensor start = embed_speech({kStartSpeech, kStartSpeech}, {0, 0});

  std::vector<at::Tensor> tails = {at::cat({text, start}, 0)};
  // Without guidance's text, its positions stay.
  if (guided) tails.push_back(at::cat({text_positions, start}, 0));
  return {condition(conditioning_, speaker, prompt, exaggeration), at::stack(tails)};
}

at::Tensor Model::embed_speech(const std::vector<int64_t>& tokens,
                               const std::vector<int64_t>& positions) const {
  return look_up(speech_emb_, tokens) + look_up(speech_pos_emb_, positions);
}

// Not more rows at a time than keep a row's bits (see nn::kMaxKernelRows).
at::Tensor Model::logits(const at::Tensor& hidden) const {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& rows : hidden.split(nn::kMaxKernelRows)) {
    parts.push_back(nn::linear(rows, speech_head_));
  }
  return at::cat(parts).to(at::kCPU, at::kFloat);
}

Limits Model::limits() const {
  const auto layers = static_cast<int64_t>(llama_.layers.size());
  const auto item = static_cast<int64_t>(c10::elementSize(placement_.dtype));
  Limits limits;
  limits.text_vocabulary = text_emb_.size(0);
  limits.max_text_tokens = text_pos_emb_.size(0);
  limits.max_speech_tokens = speech_pos_emb_.size(0);
  limits.kv_bytes_per_position = 2 * layers * llama_.heads() * nn::cpu::kHeadSize * item;
  limits.prompt_tokens = kPromptTokens;
  return limits;
}

std::shared_ptr<const Model> load_model(const nn::WeightReader& reader) {
  return std::make_shared<const Model>(reader);
}

Limits limits(const Model& model) { return model.limits(); }

}  // namespace chatterbox::t3
