// What a model can speak of what is asked.
#include <optional>

#include "support/error.h"
#include "t3/model.h"

namespace chatterbox::t3 {
namespace {

void check_ids(const std::vector<int64_t>& ids, int64_t vocabulary, const char* what) {
  for (const int64_t id : ids) {
    if (id < 0 || id >= vocabulary) {
      fail(Status::kInvalidArgument, "{} must be in [0, {}), got {}", what, vocabulary, id);
    }
  }
}

void check_voice(const voice::Conditionals& voice, const Limits& limits) {
  check_ids(voice.prompt_tokens, limits.speech_vocabulary, "a prompt token of the voice");
  const auto prompt_size = static_cast<int64_t>(voice.prompt_tokens.size());
  if (prompt_size < 1 || prompt_size > limits.prompt_tokens) {
    fail(Status::kBadVoice, "the voice must have 1 to {} prompt tokens, got {}",
         limits.prompt_tokens, prompt_size);
  }
}

void check_lengths(const SequenceOptions& options, const Limits& limits) {
  const int64_t text_tokens = static_cast<int64_t>(options.text_ids.size()) + limits.text_framing;
  if (text_tokens > limits.max_text_tokens) {
    fail(Status::kInvalidArgument, "text has {} tokens{}, the limit is {}", text_tokens,
         limits.text_framing > 0 ? " with start and stop" : "", limits.max_text_tokens);
  }
  if (options.max_new_tokens < 1 || options.max_new_tokens > limits.max_speech_tokens) {
    fail(Status::kInvalidArgument, "max_new_tokens must be in [1, {}], got {}",
         limits.max_speech_tokens, options.max_new_tokens);
  }
}

void check_sampling(const SamplingOptions& sampling, const Limits& limits) {
  const auto check_zero = [](auto value, const char* name) {
    if (value != 0) {
      fail(Status::kInvalidArgument, "{} must be 0 for this model, which has none, got {}", name,
           value);
    }
  };
  if (limits.fills_blocks()) {
    check_zero(sampling.top_k, "top_k");
    check_zero(sampling.min_p, "min_p");
  } else if (limits.guided()) {
    check_zero(sampling.top_k, "top_k");
  } else {
    check_zero(sampling.cfg_weight, "cfg_weight");
    check_zero(sampling.min_p, "min_p");
  }
  if (sampling.top_k < 0) {
    fail(Status::kInvalidArgument, "top_k must be 0 or more, got {}", sampling.top_k);
  }
}

void check_blocks(const BlockOptions& blocks, const Limits& limits) {
  if (!limits.fills_blocks()) return;
  if (blocks.size < 1 || blocks.size >= limits.max_speech_tokens) {
    fail(Status::kInvalidArgument, "block_size must be in [1, {}), got {}",
         limits.max_speech_tokens, blocks.size);
  }
  if (blocks.passes < 1) {
    fail(Status::kInvalidArgument, "block_passes must be at least 1, got {}", blocks.passes);
  }
}

// The first of the heads that the model does not have.
std::optional<AlignmentHead> missing_head(const Model& model, const AlignmentHeads& heads) {
  const Backbone& backbone = model.backbone();
  for (const AlignmentHead& wanted : heads) {
    const auto [layer, head] = wanted;
    const bool there =
        layer >= 0 && layer < backbone.layers() && head >= 0 && head < backbone.heads();
    if (!there) return wanted;
  }
  return std::nullopt;
}

}  // namespace

void Model::check(const SequenceOptions& options) const {
  if (options.voice == nullptr) fail(Status::kInvalidArgument, "the sequence has no voice");
  check_lengths(options, limits_);
  check_voice(*options.voice, limits_);
  check_ids(options.text_ids, limits_.text_vocabulary, "a text token");
  check_sampling(options.sampling, limits_);
  check_blocks(options.blocks, limits_);
  if (options.analyze) check_heads(*this, options.analyze->heads);
  if (options.follow_text) check_heads(*this, *options.follow_text);
}

bool has_alignment_heads(const Model& model, const AlignmentHeads& heads) {
  return model.limits().sampling == SamplingFamily::kGuided && !missing_head(model, heads);
}

void check_heads(const Model& model, const AlignmentHeads& heads) {
  if (model.limits().sampling != SamplingFamily::kGuided) {
    fail(Status::kInvalidArgument, "no heads of this model's family align speech and text");
  }
  if (const auto missing = missing_head(model, heads)) {
    fail(Status::kInvalidArgument,
         "the model has no head {} in layer {} to analyze: it has {} layers of {} heads",
         missing->head, missing->layer, model.backbone().layers(), model.backbone().heads());
  }
}

}  // namespace chatterbox::t3
