#include "engine/scheduling/chunk_speaker.h"

#include <algorithm>
#include <utility>

#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::engine {
namespace {

// Thrown through the executor when the stream is not wanted any more.
struct Interrupted {};

}  // namespace

void ChunkSpeaker::speak(Sequence& sequence) {
  try {
    speak_and_deliver(sequence);
  } catch (const Interrupted&) {
    return;
  } catch (...) {
    Failure failure = current_failure();
    if (failure.status == Status::kDeviceLost) failure.raise();
    sequence.stream->failure = std::move(failure);
  }
}

void ChunkSpeaker::speak_and_deliver(Sequence& sequence) {
  Job::State& job = *sequence.job;
  Stream& stream = *sequence.stream;
  const int64_t steps = sequence.utterance->cfm_steps();
  const TimePoint start = model_.now();
  const InterruptionCheck check([&job] {
    if (!job.wanted()) throw Interrupted();
  });
  std::vector<float> samples =
      model_.speech().speak_chunk(*sequence.utterance, stream.next, [&](int64_t step) {
        metrics_.worked(model_.now());
        {
          const InterruptionCheck none(nullptr);  // what is done in between is others' work
          between_steps_();
        }
        job.report({Stage::kFlow, step, steps});
        if (!job.wanted()) throw Interrupted();
      });
  const TimePoint end = model_.now();
  metrics_.worked(end);
  const double rate = model_.catalog().info().sample_rate;
  const double lasts = static_cast<double>(samples.size()) / rate;
  metrics_.spoke_chunk(seconds(end - start), lasts, std::exchange(stream.last_seconds, lasts));
  sequence.timings.flow += seconds(end - start);
  const audio::WaveQuality wave = Completion::quality_of(samples);
  stream.wave.peak = std::max(stream.wave.peak, wave.peak);
  stream.wave.clipped += wave.clipped;
  stream.spoken = {stream.spoken.chunks + 1, stream.next.end};
  if (job.wanted()) completion_.deliver(sequence, std::move(samples), stream.next.last);
}

}  // namespace chatterbox::engine
