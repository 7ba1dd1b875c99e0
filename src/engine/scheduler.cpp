#include "engine/scheduler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audio/wave_quality.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

// Decode steps that a sequence with all its tokens waits for others to be spoken with.
constexpr int64_t kPatience = 32;
// Where only the speech thread has work: how long a new request may have to wait.
constexpr std::chrono::milliseconds kMoment(1);

// Thrown through the executor when nothing of a batch is wanted any more.
struct Interrupted {};

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

// At most max_batch sequences draw tokens. Fewer than those wait for S3Gen after a step, and if
// then all that draw finish at once, there are fewer than twice as many.
Scheduler::Scheduler(Executor& executor, SpeechThread* speech, int64_t max_batch, Log log,
                     const std::atomic<bool>& stopping, Load& load)
    : executor_(executor),
      speech_(speech),
      mode_(executor.mode()),
      max_batch_(mode_ == Mode::kSequential ? 1 : max_batch),
      most_running_(2 * static_cast<size_t>(max_batch_)),
      limits_(executor.limits()),
      log_(std::move(log)),
      stopping_(stopping),
      load_(load) {}

std::optional<Failure> Scheduler::interruption(const Job::Impl& job) const {
  if (stopping_) return Failure{Status::kCancelled, "the engine was destroyed"};
  return job.interruption();
}

int64_t Scheduler::count(Phase phase) const {
  return std::count_if(running_.begin(), running_.end(),
                       [phase](const Sequence& sequence) { return sequence.is(phase); });
}

bool Scheduler::accepts(const Task& task) const {
  if (mode_ == Mode::kSequential) return running_.empty();
  if (batch_is_closed_ || running_.size() >= most_running_) return false;
  // While one is in its prefill, another would only hold rows.
  const int64_t in_prefill = count(Phase::kPrefill);
  if (mode_ == Mode::kDynamic && in_prefill > 0) return false;
  return in_prefill + count(Phase::kDecode) < max_batch_ &&
         load_.rows + executor_.rows(task) <= limits_.rows;
}

bool Scheduler::accepts_other_work() const { return mode_ == Mode::kDynamic || running_.empty(); }

void Scheduler::start(const std::shared_ptr<Job::Impl>& job) noexcept {
  try {
    std::list<Sequence> added(1);
    Sequence& sequence = added.front();
    sequence.job = job;
    sequence.timings.queued = seconds(Clock::now() - job->submitted());
    if (auto reason = interruption(*job)) reason->raise();
    job->report({Stage::kPrefill, 0, 0});
    sequence.id = executor_.begin(job->task());
    sequence.rows = executor_.rows(job->task());
    load_.rows += sequence.rows;
    load_.peak_rows = std::max<int64_t>(load_.peak_rows, load_.rows);
    ++load_.running;
    running_.splice(running_.end(), added);  // cannot throw
  } catch (...) {
    job->fail(current_failure());
  }
}

void Scheduler::advance() noexcept {
  try {
    batch_is_closed_ = mode_ == Mode::kBatch;
    take_back();
    drop_interrupted();
    prefill();
    decode();
    drop_interrupted();
    if (speaking_.empty()) {
      begin_speaking(next_to_speak());
    } else if (count(Phase::kPrefill) + count(Phase::kDecode) == 0) {
      speech_->wait_for(kMoment);
    }
    sweep();
  } catch (...) {
    fail_all(current_failure());
  }
}

void Scheduler::drop_interrupted() {
  for (Sequence& sequence : running_) {
    if (sequence.phase == Phase::kSpeaking || !sequence.job) continue;
    if (auto reason = interruption(*sequence.job)) end(sequence, std::move(*reason));
  }
}

// In mode kBatch all of the batch: they decode together.
void Scheduler::prefill() {
  for (Sequence& sequence : running_) {
    if (!sequence.is(Phase::kPrefill)) continue;
    try {
      prefill(sequence);
    } catch (...) {
      end(sequence, current_failure());
    }
    if (mode_ == Mode::kDynamic) return;
  }
}

void Scheduler::prefill(Sequence& sequence) {
  bool done = false;
  do {
    if (auto reason = interruption(*sequence.job)) return end(sequence, std::move(*reason));
    done = executor_.prefill(sequence.id);
  } while (!done && mode_ != Mode::kDynamic);
  if (!done) return;
  sequence.phase = Phase::kDecode;
  sequence.decode_start = Clock::now();
  const PrefixStats prefixes = executor_.prefix_stats();
  load_.prefix_hits = prefixes.hits;
  load_.prefix_misses = prefixes.misses;
  load_.prefix_positions_saved = prefixes.positions_saved;
}

void Scheduler::decode() {
  Batch batch;
  for (Sequence& sequence : running_) {
    if (sequence.is(Phase::kDecode)) batch.push_back(&sequence);
    if (sequence.is(Phase::kCollected)) --sequence.patience;
  }
  if (batch.empty()) return;
  try {
    executor_.step();
  } catch (...) {
    const Failure failure = current_failure();
    for (Sequence* sequence : batch) {
      if (!sequence->job->task().source) end(*sequence, failure);  // the others drew nothing
    }
    return;
  }
  for (Sequence* sequence : batch) {
    if (executor_.generated(sequence->id) && !collect(*sequence)) continue;
    Job::Impl& job = *sequence->job;
    if (!job.wants_progress() || job.task().source) continue;
    const int64_t tokens = executor_.stats(sequence->id).speech_tokens;
    job.report({Stage::kDecode, tokens, job.task().max_new_tokens});
  }
}

// Whether it did not fail. Its rows are free for the next request before S3Gen has begun.
bool Scheduler::collect(Sequence& sequence) {
  try {
    sequence.frames = executor_.collect(sequence.id);
  } catch (...) {
    end(sequence, current_failure());
    return false;
  }
  release_rows(sequence);
  sequence.phase = Phase::kCollected;
  sequence.patience = kPatience;
  sequence.timings.decode = seconds(Clock::now() - sequence.decode_start);
  return true;
}

// Sequences with all their tokens, by length, so that little of a batch is padding, and in batches
// of at most batch_frames with it. The steps of a batch are those of all its sequences.
std::vector<Scheduler::Batch> Scheduler::batches_to_speak() {
  Batch all;
  for (Sequence& sequence : running_) {
    if (sequence.is(Phase::kCollected)) all.push_back(&sequence);
  }
  const auto key = [](const Sequence* sequence) {
    return std::pair(sequence->job->task().cfm_steps, sequence->frames);
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Sequence* a, const Sequence* b) { return key(a) < key(b); });
  std::vector<Batch> batches;
  for (Sequence* sequence : all) {
    const auto fits = [&](const Batch& batch) {
      const auto rows = static_cast<int64_t>(batch.size()) + 1;
      return key(batch.front()).first == key(sequence).first &&
             rows * sequence->frames <= limits_.batch_frames;
    };
    if (batches.empty() || !fits(batches.back())) batches.emplace_back();
    batches.back().push_back(sequence);
  }
  return batches;
}

// S3Gen holds up the sequences that still draw tokens, where both share a device's time. So it
// waits until nothing draws any more, or as many wait for it as still draw, which makes a large
// batch for a GPU; or until a batch is full; but a short request does not wait for the end of long
// ones. One batch at a time: decoding goes on, and requests join, between two of them. The batch
// that has the one that waited longest comes first.
Scheduler::Batch Scheduler::next_to_speak() {
  std::vector<Batch> batches = batches_to_speak();
  if (batches.empty()) return {};
  const auto patience = [](const Batch& batch) {
    const auto least = [](const Sequence* a, const Sequence* b) {
      return a->patience < b->patience;
    };
    return (*std::min_element(batch.begin(), batch.end(), least))->patience;
  };
  const auto first =
      std::min_element(batches.begin(), batches.end(),
                       [&](const Batch& a, const Batch& b) { return patience(a) < patience(b); });
  size_t waiting = 0;
  for (const Batch& batch : batches) waiting += batch.size();
  const int64_t drawing = count(Phase::kPrefill) + count(Phase::kDecode);
  const bool enough = static_cast<int64_t>(waiting) >= drawing || batches.size() > 1;
  if (!enough && patience(*first) > 0) return {};
  return std::move(*first);
}

void Scheduler::begin_speaking(Batch batch) {
  if (batch.empty()) return;
  if (speech_ == nullptr) return speak(batch);
  for (Sequence* sequence : batch) sequence->phase = Phase::kSpeaking;
  speaking_ = std::move(batch);
  speech_->run([this] { speak(speaking_); });
}

// What the speech thread is through with: all of it has ended, or the exception says why not.
void Scheduler::take_back() {
  if (speaking_.empty() || speech_->busy()) return;
  reclaim();
  speech_->rethrow();
}

void Scheduler::reclaim() noexcept {
  for (Sequence* sequence : speaking_) sequence->phase = Phase::kCollected;
  speaking_.clear();
}

void Scheduler::speak(const Batch& batch) {
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
    if (sequence->job && sequence->dropped) end(*sequence, {});  // its job has its failure already
  }
  if (failure) speak_in_halves(batch, *failure);
}

// What ended a batch need not end all of it: each sequence may fit alone, and at worst only those
// fail that fail alone.
void Scheduler::speak_in_halves(const Batch& batch, const Failure& failure) {
  Batch left;
  std::copy_if(batch.begin(), batch.end(), std::back_inserter(left),
               [](const Sequence* sequence) { return sequence->job != nullptr; });
  if (batch.size() == 1) {
    for (Sequence* sequence : left) end(*sequence, failure);
    return;
  }
  log_->debug("a batch of {} is spoken in halves: {}", batch.size(), failure.message);
  const auto half = left.begin() + static_cast<std::ptrdiff_t>((left.size() + 1) / 2);
  for (const Batch& part : {Batch(left.begin(), half), Batch(half, left.end())}) {
    if (!part.empty()) speak(part);
  }
}

void Scheduler::flow(const Batch& batch) {
  const auto start = Clock::now();
  std::vector<int64_t> ids;
  for (const Sequence* sequence : batch) ids.push_back(sequence->id);
  executor_.flow(ids, [&](int64_t step) { before_euler_step(batch, step); });
  const int64_t steps = batch.front()->job->task().cfm_steps;
  for (Sequence* sequence : batch) {
    sequence->timings.flow = seconds(Clock::now() - start);
    sequence->job->report({Stage::kFlow, steps, steps});
  }
}

void Scheduler::before_euler_step(const Batch& batch, int64_t step) {
  for (Sequence* sequence : batch) {
    sequence->job->report({Stage::kFlow, step, sequence->job->task().cfm_steps});
  }
  (void)still_wanted(batch);
}

// Drops the sequences of a batch that are interrupted. Throws where no other is left.
Scheduler::Batch Scheduler::still_wanted(const Batch& batch) {
  Batch wanted;
  for (Sequence* sequence : batch) {
    if (auto reason = interruption(*sequence->job)) {
      drop(*sequence, std::move(*reason));
    } else {
      wanted.push_back(sequence);
    }
  }
  if (wanted.empty()) throw Interrupted();
  return wanted;
}

std::vector<std::vector<float>> Scheduler::vocode(const Batch& batch) {
  const auto start = Clock::now();
  std::vector<int64_t> ids;
  for (const Sequence* sequence : batch) {
    sequence->job->report({Stage::kVocoder, 0, 0});
    ids.push_back(sequence->id);
  }
  std::vector<std::vector<float>> waves = executor_.vocode(ids);
  if (waves.size() != ids.size()) {
    fail(Status::kInternal, "{} waves for {} sequences", waves.size(), ids.size());
  }
  for (Sequence* sequence : batch) sequence->timings.vocoder = seconds(Clock::now() - start);
  return waves;
}

void Scheduler::finish(Sequence& sequence, std::vector<float> samples) {
  Job::Impl& job = *sequence.job;
  const TokenStats stats = executor_.stats(sequence.id);
  Result result;
  const audio::WaveQuality wave = audio::wave_quality(samples, audio::kWaveLimit);
  if (!std::isfinite(wave.peak)) {
    return end(sequence, {Status::kInternal, "the vocoder gave samples that are not finite"});
  }
  result.audio.samples = executor_.mark(std::move(samples));
  result.audio.sample_rate = executor_.info().sample_rate;
  result.quality = stats.quality;
  result.quality.peak = wave.peak;
  result.quality.clipped_samples = wave.clipped;
  result.finish_reason = stats.finish_reason;
  result.seed = job.task().seed;
  result.text_tokens = stats.text_tokens;
  result.speech_tokens = stats.speech_tokens;
  result.decode_steps = stats.decode_steps;
  result.timings = sequence.timings;
  result.timings.text = stats.text_seconds;
  result.timings.prefill = stats.prefill_seconds;
  if (auto reason = interruption(job)) return end(sequence, std::move(*reason));
  job.report({Stage::kDone, 0, 0});  // from here on it cannot be cancelled
  if (auto reason = job.broken_callback()) return end(sequence, std::move(*reason));
  result.timings.total = seconds(Clock::now() - job.submitted());
  log_->debug("seed {}: {} text tokens, {} speech tokens, {} samples in {:.3f} s", result.seed,
              result.text_tokens, result.speech_tokens, result.audio.samples.size(),
              result.timings.total);
  if (result.finish_reason == FinishReason::kMaxTokens) {
    log_->info("seed {}: stopped at max_new_tokens, the speech may be cut short", result.seed);
  }
  executor_.end(sequence.id);
  --load_.running;
  const std::shared_ptr<Job::Impl> owner = std::move(sequence.job);
  owner->succeed(std::move(result));
}

// The caller's wait is over at once; its row of the batch goes when the batch does.
void Scheduler::drop(Sequence& sequence, Failure failure) noexcept {
  if (std::exchange(sequence.dropped, true)) return;
  sequence.job->fail(std::move(failure));
}

void Scheduler::end(Sequence& sequence, Failure failure) noexcept {
  executor_.end(sequence.id);
  release_rows(sequence);
  --load_.running;
  const std::shared_ptr<Job::Impl> job = std::move(sequence.job);
  job->fail(std::move(failure));
}

void Scheduler::release_rows(Sequence& sequence) noexcept {
  load_.rows -= std::exchange(sequence.rows, 0);
}

void Scheduler::fail_all(const Failure& failure) noexcept {
  if (!speaking_.empty()) {
    speech_->wait();
    reclaim();
  }
  for (Sequence& sequence : running_) {
    if (sequence.job) end(sequence, failure);
  }
  sweep();
}

void Scheduler::sweep() noexcept {
  running_.remove_if(
      [](const Sequence& sequence) { return sequence.phase != Phase::kSpeaking && !sequence.job; });
  if (running_.empty()) batch_is_closed_ = false;
}

}  // namespace chatterbox::engine
