#include "engine/scheduling/completion.h"

#include <cmath>

#include "support/error.h"

namespace chatterbox::engine {

audio::WaveQuality Completion::quality_of(const std::vector<float>& samples) {
  const audio::WaveQuality wave = audio::wave_quality(samples, audio::kWaveLimit);
  if (!std::isfinite(wave.peak)) {
    fail(Status::kInternal, "the vocoder gave samples that are not finite");
  }
  return wave;
}

void Completion::deliver(Sequence& sequence, std::vector<float> samples, bool last) {
  const int32_t rate = model_.catalog().info().sample_rate;
  metrics_.made_audio(static_cast<double>(samples.size()) / rate);
  const auto count = static_cast<int64_t>(samples.size());
  std::vector<Word> words =
      sequence.words.next(sequence.utterance->stats().words, count, rate, last);
  sequence.job->deliver(std::move(samples), rate, model_.now(), std::move(words));
}

bool Completion::succeed(Sequence& sequence, const audio::WaveQuality& wave) {
  Job::State& job = *sequence.job;
  Result result = result_of(sequence, wave);
  job.report({Stage::kDone, 0, 0});  // from here on it cannot be cancelled
  if (job.callback_failed()) return false;
  result.timings.total = seconds(model_.now() - job.submitted());
  log_end(sequence, result);
  metrics_.ended();
  sequence.utterance.reset();
  const std::shared_ptr<Job::State> owner = std::move(sequence.job);
  owner->succeed(std::move(result));
  return true;
}

Result Completion::result_of(const Sequence& sequence, const audio::WaveQuality& wave) const {
  const runtime::TokenStats& stats = sequence.utterance->stats();
  Result result;
  result.audio.sample_rate = model_.catalog().info().sample_rate;
  result.quality = stats.quality;
  result.quality.peak = wave.peak;
  result.quality.clipped_samples = wave.clipped;
  result.finish_reason = stats.finish_reason;
  result.seed = sequence.job->task().seed;
  result.text_tokens = stats.text_tokens;
  result.speech_tokens = stats.speech_tokens;
  result.decode_steps = stats.decode_steps;
  result.timings = sequence.timings;
  result.timings.text = sequence.job->text_seconds() + stats.text_seconds;
  result.timings.prefill = stats.prefill_seconds;
  return result;
}

void Completion::log_end(const Sequence& sequence, const Result& result) const {
  const uint64_t tag = sequence.job->tag();
  log_.debug(tag, "seed {}: {} text tokens, {} speech tokens in {:.3f} s", result.seed,
             result.text_tokens, result.speech_tokens, result.timings.total);
  if (result.finish_reason == FinishReason::kMaxTokens) {
    log_.info(tag, "seed {}: stopped at max_new_tokens, the speech may be cut short", result.seed);
  }
}

}  // namespace chatterbox::engine
