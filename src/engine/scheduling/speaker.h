// S3Gen's part of requests: batches of utterances become speech, and their jobs end.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "engine/scheduling/completion.h"
#include "engine/scheduling/live_metrics.h"
#include "engine/scheduling/sequence.h"
#include "runtime/executor.h"
#include "support/log.h"

namespace chatterbox::engine {

// Of the one thread that S3Gen runs on.
class Speaker {
 public:
  // `between_steps` is called before each Euler step.
  Speaker(runtime::Model& model, LiveMetrics& metrics, Completion completion, Log log,
          std::function<void()> between_steps)
      : model_(model),
        executor_(model.speech()),
        metrics_(metrics),
        completion_(std::move(completion)),
        log_(std::move(log)),
        between_steps_(std::move(between_steps)) {}

  // The jobs of the whole batch are done when this returns: what fails, fails alone. Throws
  // kDeviceLost only, and then those that are left are left.
  void speak(const Batch& batch);

 private:
  void speak_in_halves(const Batch& batch, const Failure& failure);
  void flow(const Batch& batch);
  void before_euler_step(const Batch& batch, int64_t step);
  [[nodiscard]] Batch still_wanted(const Batch& batch);
  [[nodiscard]] std::vector<std::vector<float>> vocode(const Batch& batch);
  [[nodiscard]] std::vector<float> add_watermark(const Sequence& sequence,
                                                 std::vector<float> samples);
  void finish(Sequence& sequence, std::vector<float> samples);
  void drop(Sequence& sequence) noexcept;
  void end(Sequence& sequence, Failure failure) noexcept;

  runtime::Model& model_;
  runtime::SpeechExecutor& executor_;
  LiveMetrics& metrics_;
  Completion completion_;
  const Log log_;
  const std::function<void()> between_steps_;
};

}  // namespace chatterbox::engine
