// S3Gen's part of requests that stream: one chunk of one of them.
#pragma once

#include <functional>
#include <utility>

#include "engine/scheduling/completion.h"
#include "engine/scheduling/live_metrics.h"
#include "engine/scheduling/sequence.h"
#include "runtime/executor.h"

namespace chatterbox::engine {

// Of the one thread that S3Gen runs on.
class ChunkSpeaker {
 public:
  // `between_steps` is called before each Euler step.
  ChunkSpeaker(runtime::Model& model, LiveMetrics& metrics, Completion completion,
               std::function<void()> between_steps)
      : model_(model),
        metrics_(metrics),
        completion_(std::move(completion)),
        between_steps_(std::move(between_steps)) {}

  // Speaks sequence.stream->next and hands it out. What fails is put down there, and a job that is
  // not wanted any more is left to whoever looks for those. Ends no job: another thread may be
  // drawing its tokens. Throws kDeviceLost only.
  void speak(Sequence& sequence);

 private:
  void speak_and_deliver(Sequence& sequence);

  runtime::Model& model_;
  LiveMetrics& metrics_;
  Completion completion_;
  const std::function<void()> between_steps_;
};

}  // namespace chatterbox::engine
