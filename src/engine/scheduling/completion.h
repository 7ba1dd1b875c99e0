// How a sequence whose speech has been made ends: what is handed out, and the result.
#pragma once

#include <utility>
#include <vector>

#include "audio/wave_quality.h"
#include "engine/scheduling/live_metrics.h"
#include "engine/scheduling/sequence.h"
#include "runtime/executor.h"
#include "support/log.h"

namespace chatterbox::engine {

// Of the thread that has the sequence.
class Completion {
 public:
  Completion(runtime::Model& model, LiveMetrics& metrics, Log log)
      : model_(model), metrics_(metrics), log_(std::move(log)) {}

  // Throws kInternal where samples are not finite.
  [[nodiscard]] static audio::WaveQuality quality_of(const std::vector<float>& samples);
  // With the words that end with the samples; with those of the `last`, all that are left.
  void deliver(Sequence& sequence, std::vector<float> samples, bool last);
  // Once all has been delivered. False: one of its callbacks has ended it instead, and that is to
  // be done.
  [[nodiscard]] bool succeed(Sequence& sequence, const audio::WaveQuality& wave);

 private:
  [[nodiscard]] Result result_of(const Sequence& sequence, const audio::WaveQuality& wave) const;
  void log_end(const Sequence& sequence, const Result& result) const;

  runtime::Model& model_;
  LiveMetrics& metrics_;
  const Log log_;
};

}  // namespace chatterbox::engine
