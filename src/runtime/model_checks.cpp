// What a model can do of what is asked: ModelSet::check().
#include "runtime/model_set.h"
#include "runtime/speech_tokens.h"
#include "support/error.h"
#include "voice/recording.h"

namespace chatterbox::runtime {

void ModelSet::check(const Task& task) const {
  switch (task.kind) {
    case TaskKind::kVoice:
      return voice::check_duration(*task.source, traits().recipe);
    case TaskKind::kConversion:
      check_voice(*task.voice);
      return check_prompt(task);
    case TaskKind::kSpeech:
      check_voice(*task.voice);
      check_prompt(task);
      check_family(task);
      check_size(task);
  }
}

// One of another model may know tokens that this one's S3Gen does not.
void ModelSet::check_voice(const voice::Conditionals& voice) const {
  if (const auto token = unknown_speech_token(voice.s3gen_tokens, s3gen_tokens_)) {
    fail(Status::kBadVoice,
         "the voice has the speech token {}, this model's are below {}: make it with this model",
         *token, s3gen_tokens_);
  }
}

void ModelSet::check_prompt(const Task& task) const {
  if (!task.stream || !task.stream->frozen_prompt) return;
  const int64_t needed =
      s3gen::prompt_bytes(*flow_, *task.voice, {task.cfm_steps, task.cfg_steps, {}});
  if (needed <= cache_limits_.prompt_bytes) return;
  fail(Status::kInvalidArgument,
       "the frozen prompt of the voice takes {} bytes ({} mel frames, {} Euler steps), and there "
       "are {} for such prompts: raise memory_limit, or make the voice of a shorter recording",
       needed, task.voice->mel_frames(), task.cfm_steps, cache_limits_.prompt_bytes);
}

// What not every family can do.
void ModelSet::check_family(const Task& task) const {
  if (traits().guided && task.top_k != 0) {
    fail(Status::kInvalidArgument, "top_k must be 0 for a model of the family {}, got {}",
         traits().name, task.top_k);
  }
  if (task.analyze_alignment || task.word_times) {
    t3::check_heads(*t3_, thresholds(task.language).heads);
  }
  const auto prompt = static_cast<int64_t>(task.voice->prompt_tokens.size());
  if (prompt > t3_limits_.prompt_tokens) {
    fail(Status::kBadVoice,
         "the voice has {} prompt tokens, a model of the family {} takes {}: make it with that "
         "model",
         prompt, traits().name, t3_limits_.prompt_tokens);
  }
}

void ModelSet::check_size(const Task& task) const {
  const int64_t tokens = static_cast<int64_t>(task.text_ids.size()) + t3_limits_.text_framing;
  if (tokens > t3_limits_.max_text_tokens) {
    fail(Status::kInvalidArgument, "text has {} tokens{}, the limit is {}", tokens,
         t3_limits_.text_framing > 0 ? " with start and stop" : "", t3_limits_.max_text_tokens);
  }
  const int64_t budget = token_budget(task);
  if (budget > t3_limits_.max_speech_tokens) {
    fail(Status::kInvalidArgument, "max_new_tokens must be at most {} for this model, got {}",
         t3_limits_.max_speech_tokens, budget);
  }
  const int64_t needed = t3_limits_.positions_needed(tokens - t3_limits_.text_framing, budget);
  if (needed > t3_limits_.max_positions) {
    fail(Status::kInvalidArgument,
         "the request needs {} positions ({} for its text, {} for max_new_tokens), the model has "
         "{}",
         needed, tokens, budget, t3_limits_.max_positions);
  }
  if (needed > cache_limits_.positions) {
    fail(Status::kInvalidArgument,
         "the request needs {} positions of the KV cache ({} for its text, {} for max_new_tokens), "
         "which has {} rows of {}: raise memory_limit, or lower max_batch",
         needed, tokens, budget, cache_limits_.rows, cache_limits_.positions);
  }
}

}  // namespace chatterbox::runtime
