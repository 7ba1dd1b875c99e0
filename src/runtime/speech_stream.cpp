#include "runtime/speech_stream.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <string>

#include "runtime/model_set.h"
#include "runtime/model_utterance.h"
#include "runtime/prompt_cache.h"
#include "s3gen/sizes.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

using s3gen::kFramesPerToken;
using s3gen::kLookAhead;

s3gen::VocoderHalo vocoder_halo(const ModelSet& models, const StreamPlan& plan) {
  return plan.exact_halo ? s3gen::exact_halo() : s3gen::short_halo(models.vocoder());
}

void check(const ModelUtterance& utterance, const ChunkRange& chunk) {
  if (chunk.begin < 0 || chunk.begin >= chunk.end || chunk.end > chunk.seen ||
      chunk.seen > utterance.tokens()) {
    fail(Status::kInternal, "no chunk of {} speech tokens: [{}, {}), seen {}", utterance.tokens(),
         chunk.begin, chunk.end, chunk.seen);
  }
  if (!chunk.ends && chunk.seen < chunk.end + kLookAhead) {
    fail(Status::kInternal, "a chunk up to {} must see {} tokens more, it sees up to {}", chunk.end,
         kLookAhead, chunk.seen);
  }
}

// The tensors of a chunk have its number behind their names.
TensorSink numbered(const TensorSink& sink, int64_t chunk) {
  if (!sink) return {};
  return [sink, number = std::to_string(chunk)](const TensorView& view) {
    const std::string name = std::string(view.name) + number;
    TensorView renamed = view;
    renamed.name = name;
    sink(renamed);
  };
}

}  // namespace

FlowWindow flow_window(const StreamPlan& plan, const ChunkRange& chunk) {
  FlowWindow window;
  window.first = std::max<int64_t>(0, chunk.begin - plan.left_tokens);
  window.seen = chunk.seen;
  window.wanted = chunk.begin - window.first;
  window.wanted_end = chunk.end - window.first;
  window.condition = std::min(window.wanted, plan.condition_tokens);
  return window;
}

SpeechStream::SpeechStream(const ModelSet& models, const Task& task)
    : plan_(*task.stream),
      vocoder_(models.vocoder(), vocoder_halo(models, plan_), task.seed),
      mark_(plan_.exact_halo ? watermark::MarkHalo::kExact : watermark::MarkHalo::kShort) {}

// The chunk's frames, [80, T].
at::Tensor SpeechStream::mel_of(const ModelSet& models, PromptCache& prompts,
                                const ModelUtterance& utterance, const ChunkRange& chunk,
                                const TensorSink& sink,
                                const std::function<void(int64_t)>& before_step) {
  const FlowWindow window = flow_window(plan_, chunk);
  const auto tokens = utterance.speech_tokens.begin();
  const Task& task = utterance.task();
  s3gen::FlowRow row{{tokens + window.first, tokens + window.seen}, task.voice.get(), {}, sink};
  row.noise_seed = task.seed;
  row.part = {window.first, window.wanted, window.wanted_end, chunk.ends, {}};
  if (window.condition > 0) {
    const int64_t frames = std::min(kFramesPerToken * window.condition, condition_.size(1));
    row.part.condition = condition_.narrow(1, condition_.size(1) - frames, frames);
  }
  const s3gen::FlowOptions options{task.cfm_steps, task.cfg_steps, before_step};
  if (plan_.frozen_prompt) row.prompt = &prompts.find(models.flow(), task.voice, options);
  std::vector<s3gen::FlowRow> rows = {std::move(row)};
  at::Tensor mel = s3gen::tokens_to_mel(models.flow(), rows, options).front();
  if (plan_.condition_tokens > 0) {
    condition_ = condition_.defined() ? at::cat({condition_, mel}, 1) : mel;
    const int64_t frames = std::min(condition_.size(1), kFramesPerToken * plan_.condition_tokens);
    condition_ = condition_.narrow(1, condition_.size(1) - frames, frames);
  }
  return mel;
}

std::vector<float> SpeechStream::speak(const ModelSet& models, PromptCache& prompts,
                                       const ModelUtterance& utterance, const ChunkRange& chunk,
                                       const std::function<void(int64_t)>& before_step) {
  check(utterance, chunk);
  const TensorSink sink = numbered(utterance.task().sink, chunks_++);
  const at::Tensor mel = mel_of(models, prompts, utterance, chunk, sink, before_step);
  const at::Tensor wave = vocoder_.push(models.vocoder(), mel, chunk.last, sink);
  const auto* from = wave.const_data_ptr<float>();
  std::vector<float> samples(from, from + wave.numel());
  if (chunk.last && models.traits().drops_last_token) {
    // No chunk before the last one has a sample of the last token.
    const int64_t kept = kept_samples(utterance, samples_ + wave.numel());
    samples.resize(static_cast<size_t>(std::max<int64_t>(0, kept - samples_)));
  }
  samples_ += static_cast<int64_t>(samples.size());
  if (models.watermark() == nullptr) return samples;
  return mark_.push(*models.watermark(), samples, chunk.last);
}

}  // namespace chatterbox::runtime
