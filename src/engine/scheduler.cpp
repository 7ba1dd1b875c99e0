#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "support/error.h"

namespace chatterbox::engine {
namespace {

// Thrown through the executor when nothing of a batch is wanted any more.
struct Interrupted {};

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Scheduler::Scheduler(Executor& executor, Log log, const std::atomic<bool>& stopping)
    : executor_(executor), log_(std::move(log)), stopping_(stopping) {
  running_.reserve(kMaxRunning);
}

std::optional<Failure> Scheduler::interruption(const Job::Impl& job) const {
  if (stopping_) return Failure{Status::kCancelled, "the engine was destroyed"};
  return job.interruption();
}

Scheduler::Batch Scheduler::sequences(bool generated) {
  Batch batch;
  for (Sequence& sequence : running_) {
    if (sequence.job && executor_.generated(sequence.id) == generated) batch.push_back(&sequence);
  }
  return batch;
}

void Scheduler::start(const std::shared_ptr<Job::Impl>& job) noexcept {
  try {
    Sequence sequence;
    sequence.job = job;
    sequence.timings.queued = seconds(Clock::now() - job->submitted());
    if (auto reason = interruption(*job)) reason->raise();
    job->report({Stage::kPrefill, 0, 0});
    sequence.id = executor_.begin(job->task());
    sequence.decode_start = Clock::now();
    running_.push_back(std::move(sequence));  // within the reserved capacity: cannot throw
  } catch (...) {
    job->fail(current_failure());
  }
}

void Scheduler::advance() noexcept {
  try {
    drop_interrupted();
    decode();
    drop_interrupted();
    speak();
    sweep();
  } catch (...) {
    fail_all(current_failure());
  }
}

void Scheduler::drop_interrupted() {
  for (Sequence& sequence : running_) {
    if (!sequence.job) continue;
    if (auto reason = interruption(*sequence.job)) end(sequence, std::move(*reason));
  }
}

void Scheduler::decode() {
  const Batch batch = sequences(/*generated=*/false);
  if (batch.empty()) return;
  guard(batch, [&] {
    executor_.step();
    for (Sequence* sequence : batch) {
      Job::Impl& job = *sequence->job;
      if (!job.wants_progress()) continue;
      const int64_t tokens = executor_.stats(sequence->id).speech_tokens;
      job.report({Stage::kDecode, tokens, job.task().max_new_tokens});
    }
  });
}

void Scheduler::speak() {
  const Batch batch = sequences(/*generated=*/true);
  if (batch.empty()) return;
  guard(batch, [&] {
    flow(batch);
    std::vector<std::vector<float>> waves = vocode(batch);
    if (waves.size() != batch.size()) {
      fail(Status::kInternal, "{} waves for {} sequences", waves.size(), batch.size());
    }
    for (size_t i = 0; i < batch.size(); ++i) finish(*batch[i], std::move(waves[i]));
  });
}

void Scheduler::flow(const Batch& batch) {
  const auto start = Clock::now();
  std::vector<int64_t> ids;
  for (Sequence* sequence : batch) {
    sequence->timings.decode = seconds(start - sequence->decode_start);
    ids.push_back(sequence->id);
  }
  const auto report = [&](int64_t step) {
    for (const Sequence* sequence : batch) {
      sequence->job->report({Stage::kFlow, step, sequence->job->task().cfm_steps});
    }
  };
  executor_.flow(ids, [&](int64_t step) {
    report(step);
    const bool wanted = std::any_of(batch.begin(), batch.end(), [this](const Sequence* sequence) {
      return !interruption(*sequence->job);
    });
    if (!wanted) throw Interrupted();
  });
  for (Sequence* sequence : batch) {
    sequence->timings.flow = seconds(Clock::now() - start);
    const int64_t steps = sequence->job->task().cfm_steps;
    sequence->job->report({Stage::kFlow, steps, steps});
  }
}

std::vector<std::vector<float>> Scheduler::vocode(const Batch& batch) {
  const auto start = Clock::now();
  std::vector<int64_t> ids;
  for (const Sequence* sequence : batch) {
    sequence->job->report({Stage::kVocoder, 0, 0});
    ids.push_back(sequence->id);
  }
  std::vector<std::vector<float>> waves = executor_.vocode(ids);
  for (Sequence* sequence : batch) sequence->timings.vocoder = seconds(Clock::now() - start);
  return waves;
}

void Scheduler::finish(Sequence& sequence, std::vector<float> samples) {
  Job::Impl& job = *sequence.job;
  const TokenStats stats = executor_.stats(sequence.id);
  Result result;
  result.audio.samples = std::move(samples);
  result.audio.sample_rate = executor_.info().sample_rate;
  result.finish_reason = stats.finish_reason;
  result.seed = job.task().seed;
  result.text_tokens = stats.text_tokens;
  result.speech_tokens = stats.speech_tokens;
  result.decode_steps = stats.decode_steps;
  result.timings = sequence.timings;
  result.timings.text = stats.text_seconds;
  result.timings.prefill = stats.prefill_seconds;
  job.report({Stage::kDone, 0, 0});
  if (auto reason = interruption(job)) return end(sequence, std::move(*reason));
  result.timings.total = seconds(Clock::now() - job.submitted());
  log_->debug("seed {}: {} text tokens, {} speech tokens, {} samples in {:.3f} s", result.seed,
              result.text_tokens, result.speech_tokens, result.audio.samples.size(),
              result.timings.total);
  if (result.finish_reason == FinishReason::kMaxTokens) {
    log_->info("seed {}: stopped at max_new_tokens, the speech may be cut short", result.seed);
  }
  executor_.end(sequence.id);
  const std::shared_ptr<Job::Impl> owner = std::move(sequence.job);
  owner->succeed(std::move(result));
}

void Scheduler::end(Sequence& sequence, Failure failure) noexcept {
  executor_.end(sequence.id);
  const std::shared_ptr<Job::Impl> job = std::move(sequence.job);
  job->fail(std::move(failure));
}

void Scheduler::guard(const Batch& batch, const std::function<void()>& work) noexcept {
  std::optional<Failure> failure;
  try {
    work();
    return;
  } catch (const Interrupted&) {
    // Each for its own reason.
  } catch (...) {
    failure = current_failure();
  }
  for (Sequence* sequence : batch) {
    if (!sequence->job) continue;
    const auto reason = failure ? failure : interruption(*sequence->job);
    end(*sequence, reason.value_or(Failure{Status::kInternal, "interrupted without a reason"}));
  }
}

void Scheduler::fail_all(const Failure& failure) noexcept {
  for (Sequence& sequence : running_) {
    if (sequence.job) end(sequence, failure);
  }
  sweep();
}

void Scheduler::sweep() noexcept {
  running_.erase(std::remove_if(running_.begin(), running_.end(),
                                [](const Sequence& sequence) { return !sequence.job; }),
                 running_.end());
}

}  // namespace chatterbox::engine
