#include "engine/scheduling/speaker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::engine {
namespace {

// Thrown through the executor when nothing of a batch is wanted any more.
struct Interrupted {};

std::vector<runtime::Utterance*> utterances(const Batch& batch) {
  std::vector<runtime::Utterance*> all;
  for (const Sequence* sequence : batch) all.push_back(sequence->utterance.get());
  return all;
}

int64_t work_of(const Batch& batch) {
  int64_t work = 0;
  for (const Sequence* sequence : batch) {
    work += speech_work(*sequence->utterance);
  }
  return work;
}

}  // namespace

void Speaker::speak(const Batch& batch) {
  std::optional<Failure> failure;
  try {
    flow(batch);
    const Batch wanted = still_wanted(batch);
    std::vector<std::vector<float>> waves = vocode(wanted);
    for (size_t i = 0; i < wanted.size(); ++i) finish(*wanted[i], std::move(waves[i]));
  } catch (const Interrupted&) {
    // All were dropped, each for its own reason.
  } catch (...) {
    failure = current_failure();
  }
  for (Sequence* sequence : batch) {
    if (sequence->dropped) end(*sequence, {});  // its job has its failure already
  }
  if (!failure) return;
  if (failure->status == Status::kDeviceLost) failure->raise();
  speak_in_halves(batch, *failure);
}

// What ended a batch need not end all of it: each sequence may fit alone, and at worst only those
// fail that fail alone.
void Speaker::speak_in_halves(const Batch& batch, const Failure& failure) {
  Batch left;
  std::copy_if(batch.begin(), batch.end(), std::back_inserter(left),
               [](const Sequence* sequence) { return sequence->job != nullptr; });
  if (batch.size() == 1) {
    for (Sequence* sequence : left) end(*sequence, failure);
    return;
  }
  log_.debug(0, "a batch of {} is spoken in halves: {}", batch.size(), failure.message);
  const auto half = left.begin() + static_cast<std::ptrdiff_t>((left.size() + 1) / 2);
  for (const Batch& part : {Batch(left.begin(), half), Batch(half, left.end())}) {
    if (!part.empty()) speak(part);
  }
}

void Speaker::flow(const Batch& batch) {
  const TimePoint start = model_.now();
  const InterruptionCheck check([&] { (void)still_wanted(batch); });
  executor_.flow(utterances(batch), [&](int64_t step) { before_euler_step(batch, step); });
  const TimePoint end = model_.now();
  metrics_.worked(end);
  const int64_t steps = batch.front()->utterance->cfm_steps();
  for (Sequence* sequence : batch) {
    sequence->timings.flow = seconds(end - start);
    sequence->job->report({Stage::kFlow, steps, steps});
  }
}

void Speaker::before_euler_step(const Batch& batch, int64_t step) {
  metrics_.worked(model_.now());
  {
    const InterruptionCheck none(nullptr);  // what is done in between is others' work
    between_steps_();
  }
  for (Sequence* sequence : batch) {
    sequence->job->report({Stage::kFlow, step, sequence->utterance->cfm_steps()});
  }
  (void)still_wanted(batch);
}

// Drops the sequences of a batch that are not. Throws where no other is left.
Batch Speaker::still_wanted(const Batch& batch) {
  Batch wanted;
  for (Sequence* sequence : batch) {
    if (sequence->job->wanted()) {
      wanted.push_back(sequence);
    } else {
      drop(*sequence);
    }
  }
  if (wanted.empty()) throw Interrupted();
  return wanted;
}

std::vector<std::vector<float>> Speaker::vocode(const Batch& batch) {
  for (const Sequence* sequence : batch) sequence->job->report({Stage::kVocoder, 0, 0});
  const TimePoint start = model_.now();
  const InterruptionCheck check([&] { (void)still_wanted(batch); });
  std::vector<std::vector<float>> waves = executor_.vocode(utterances(batch));
  if (waves.size() != batch.size()) {
    fail(Status::kInternal, "{} waves for {} sequences", waves.size(), batch.size());
  }
  const TimePoint end = model_.now();
  metrics_.worked(end);
  for (Sequence* sequence : batch) sequence->timings.vocoder = seconds(end - start);
  metrics_.spoke(batch.front()->timings.flow + seconds(end - start), work_of(batch));
  return waves;
}

std::vector<float> Speaker::add_watermark(const Sequence& sequence, std::vector<float> samples) {
  const InterruptionCheck check([&sequence] {
    if (!sequence.job->wanted()) throw Interrupted();
  });
  return executor_.add_watermark(std::move(samples));
}

// What fails here fails alone: the others of the batch have their waves already.
void Speaker::finish(Sequence& sequence, std::vector<float> samples) {
  try {
    const audio::WaveQuality wave = Completion::quality_of(samples);
    const TimePoint start = model_.now();
    samples = add_watermark(sequence, std::move(samples));
    sequence.timings.watermark = seconds(model_.now() - start);
    if (sequence.job->wanted()) completion_.deliver(sequence, std::move(samples), true);
    if (!sequence.job->wanted() || !completion_.succeed(sequence, wave)) drop(sequence);
  } catch (const Interrupted&) {
    drop(sequence);
  } catch (...) {
    const Failure failure = current_failure();
    if (failure.status == Status::kDeviceLost) failure.raise();
    end(sequence, failure);
  }
}

// The caller's wait is over at once; its row of the batch goes when the batch does.
void Speaker::drop(Sequence& sequence) noexcept {
  if (std::exchange(sequence.dropped, true)) return;
  metrics_.ended();
  sequence.job->end_unwanted();
}

void Speaker::end(Sequence& sequence, Failure failure) noexcept {
  if (!sequence.dropped) metrics_.ended();
  sequence.dropped = false;
  sequence.utterance.reset();
  const std::shared_ptr<Job::State> job = std::move(sequence.job);
  job->fail(std::move(failure));
}

}  // namespace chatterbox::engine
