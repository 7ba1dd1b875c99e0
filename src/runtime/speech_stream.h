// What an utterance that streams keeps from chunk to chunk, and how a chunk of its tokens becomes
// samples.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "runtime/executor.h"
#include "s3gen/vocoder_stream.h"
#include "support/tensor_sink.h"
#include "watermark/mark_stream.h"

namespace chatterbox::runtime {

class ModelSet;
class ModelUtterance;
class PromptCache;

// Of a chunk's speech tokens: the flow computes [first, seen), of which the frames of
// [first + wanted, first + wanted_end) are wanted.
struct FlowWindow {
  int64_t first = 0, seen = 0;
  int64_t wanted = 0, wanted_end = 0;
  int64_t condition = 0;  // tokens before the wanted ones whose mel is a condition
};
[[nodiscard]] FlowWindow flow_window(const StreamPlan& plan, const ChunkRange& chunk);

class SpeechStream {
 public:
  // A stream of `task`.
  SpeechStream(const ModelSet& models, const Task& task);

  // SpeechExecutor::speak_chunk(). The task's sink receives what FlowRow names of each chunk, and
  // s3gen.f0 of the frames whose pitch is final with it, with the chunk's number behind the name.
  // `prompts` has the task's prompt, where it is frozen.
  [[nodiscard]] std::vector<float> speak(const ModelSet& models, PromptCache& prompts,
                                         const ModelUtterance& utterance, const ChunkRange& chunk,
                                         const std::function<void(int64_t)>& before_step);

 private:
  [[nodiscard]] at::Tensor mel_of(const ModelSet& models, PromptCache& prompts,
                                  const ModelUtterance& utterance, const ChunkRange& chunk,
                                  const TensorSink& sink,
                                  const std::function<void(int64_t)>& before_step);

  StreamPlan plan_;
  at::Tensor condition_;  // [80, F], the last frames, at most those of plan_.condition_tokens
  s3gen::VocoderStream vocoder_;
  watermark::MarkStream mark_;
  int64_t chunks_ = 0;   // so far, ...
  int64_t samples_ = 0;  // ... and their samples before the watermark
};

}  // namespace chatterbox::runtime
