#include "engine/scheduling/scheduler.h"

#include <algorithm>
#include <new>
#include <utility>

#include "engine/scheduling/speech_policy.h"
#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::engine {
namespace {

using runtime::TaskKind;

// Thrown through the executor when a sequence is not wanted any more.
struct Interrupted {};

AdmissionLimits admission_limits(const runtime::ModelCatalog& catalog, int64_t max_streams) {
  const runtime::CacheLimits limits = catalog.limits();
  return {catalog.mode(), limits.requests, limits.rows, max_streams,
          catalog.device_traits().prefills};
}

}  // namespace

Scheduler::Scheduler(runtime::Model& model, SpeechThread* speech, int64_t max_streams,
                     const Log& log, LiveMetrics& metrics,
                     const std::function<void()>& between_steps)
    : model_(model),
      tokens_(model.tokens()),
      speech_(speech),
      traits_(model.catalog().device_traits()),
      cache_(model.catalog().limits()),
      limits_(admission_limits(model.catalog(), max_streams)),
      metrics_(metrics),
      completion_(model, metrics, log),
      speaker_(model, metrics, completion_, log, between_steps),
      chunk_speaker_(model, metrics, completion_, between_steps) {}

Scheduler::~Scheduler() { fail_all({Status::kInternal, "the scheduler ended"}); }

Occupancy Scheduler::occupancy() const {
  Occupancy now;
  now.rows = rows_;
  now.batch_is_closed = batch_is_closed_;
  count_streams(now);
  for (const Sequence& sequence : running_) {
    if (!is_stalled(sequence)) ++now.sequences;
    if (sequence.is(TokenState::kDrawing)) ++now.drawing;
    if (!sequence.is(TokenState::kPrefill)) continue;
    ++(sequence.kind == TaskKind::kSpeech ? now.in_prefill : now.reading);
  }
  return now;
}

Admission Scheduler::admission(const Job::State& job) const {
  const Occupancy now = occupancy();
  const bool fits = job.task().kind == TaskKind::kSpeech
                        ? may_start_speech(now, limits_, job.standing().rows)
                        : may_start_reading(now, limits_);
  if (!fits) return Admission::kNotYet;
  if (!job.task().stream || is_active(job.standing().series)) return Admission::kNow;
  return may_start_stream(now, limits_, metrics_.costs(), speech_ != nullptr)
             ? Admission::kNow
             : Admission::kOthersFirst;
}

bool Scheduler::batch_is_open() const { return may_start_speech(occupancy(), limits_, 0); }

void Scheduler::start(const std::shared_ptr<Job::State>& job) {
  if (!job->wanted()) return job->end_unwanted();
  try {
    std::list<Sequence> added(1);
    Sequence& sequence = added.front();
    const TimePoint now = model_.now();
    sequence.job = job;
    sequence.kind = job->task().kind;
    if (job->task().stream) sequence.stream.emplace();
    sequence.timings.queued = seconds(now - job->submitted()) - job->text_seconds();
    job->report({Stage::kPrefill, 0, 0});
    sequence.id = tokens_.begin(job->task());
    sequence.rows = job->standing().rows;
    rows_ += sequence.rows;
    metrics_.took_rows(sequence.rows);
    metrics_.started(now);
    running_.splice(running_.end(), added);  // cannot throw
  } catch (...) {
    const Failure failure = current_failure();
    job->fail(failure);
    if (failure.status == Status::kDeviceLost) failure.raise();
  }
}

bool Scheduler::advance() {
  bool worked = false;
  try {
    batch_is_closed_ = limits_.mode == Mode::kBatch && !is_idle();
    worked = take_back();
    worked = drop_unwanted() || worked;
    worked = prefill() || worked;
    worked = decode() || worked;
    worked = drop_unwanted() || worked;
    worked = hand_over_tokens() || worked;
    worked = speak() || worked;
    sweep();
    estimate();
  } catch (...) {
    const Failure failure = current_failure();
    if (failure.status == Status::kDeviceLost) failure.raise();
    fail_all(failure);
    return true;
  }
  return worked;
}

bool Scheduler::drop_unwanted() {
  bool dropped = false;
  for (Sequence& sequence : running_) {
    if (sequence.speech == SpeechState::kSpeaking || !sequence.job) continue;
    if (sequence.job->wanted()) continue;
    end(sequence, nullptr);
    dropped = true;
  }
  return dropped;
}

// Texts, and recordings: the first of each, in turn, so that neither waits for all of the other.
Sequence* Scheduler::next_to_prefill() {
  Sequence* text = nullptr;
  Sequence* recording = nullptr;
  for (Sequence& sequence : running_) {
    if (!sequence.is(TokenState::kPrefill)) continue;
    Sequence*& first = sequence.kind == TaskKind::kSpeech ? text : recording;
    if (first == nullptr) first = &sequence;
  }
  if (text == nullptr || recording == nullptr) return text != nullptr ? text : recording;
  reading_comes_next_ = !reading_comes_next_;
  return reading_comes_next_ ? recording : text;
}

// In mode kBatch all of the batch: they decode together. Else one part, and what is done with it.
bool Scheduler::prefill() {
  bool worked = false;
  for (int64_t parts = limits_.prefills; Sequence* sequence = next_to_prefill(); --parts) {
    worked = true;
    try {
      prefill(*sequence);
    } catch (const Interrupted&) {
      end(*sequence, nullptr);
    } catch (...) {
      fail(*sequence);
    }
    if (limits_.mode == Mode::kDynamic && (parts == 1 || sequence->is(TokenState::kPrefill))) break;
  }
  return worked;
}

void Scheduler::prefill(Sequence& sequence) {
  if (!sequence.job->wanted()) return end(sequence, nullptr);
  const bool done = prefill_next_part(sequence);
  metrics_.worked(model_.now());
  if (done) end_prefill(sequence);
}

bool Scheduler::prefill_next_part(const Sequence& sequence) {
  const InterruptionCheck check([&sequence] {
    if (!sequence.job->wanted()) throw Interrupted();
  });
  return tokens_.prefill(sequence.id);
}

void Scheduler::end_prefill(Sequence& sequence) {
  sequence.decode_start = model_.now();
  if (sequence.kind == TaskKind::kVoice) return collect_voice(sequence);
  if (sequence.stream) return open(sequence);
  if (sequence.kind == TaskKind::kConversion) return collect(sequence);
  sequence.tokens = TokenState::kDrawing;
  metrics_.set_prefixes(tokens_.prefix_stats());
}

bool Scheduler::decode() {
  Batch drawing;
  for (Sequence& sequence : running_) {
    if (sequence.is(TokenState::kDrawing)) drawing.push_back(&sequence);
    if (sequence.is(SpeechState::kReady)) ++sequence.steps_waited;
  }
  if (drawing.empty()) return false;
  try {
    const TimePoint start = model_.now();
    tokens_.step();
    const TimePoint end = model_.now();
    metrics_.worked(end);
    metrics_.stepped(seconds(end - start), static_cast<int64_t>(drawing.size()));
  } catch (...) {
    fail_step(drawing);
    return true;
  }
  for (Sequence* sequence : drawing) after_step(*sequence);
  return true;
}

// All that drew; the others did not.
void Scheduler::fail_step(const Batch& drawing) {
  const Failure failure = current_failure();
  if (failure.status == Status::kDeviceLost) failure.raise();
  for (Sequence* sequence : drawing) {
    if (sequence->speech != SpeechState::kSpeaking) {
      end(*sequence, &failure);
      continue;
    }
    sequence->tokens = TokenState::kDone;
    tokens_.end(sequence->id);
    sequence->token_failure = failure;
  }
}

void Scheduler::after_step(Sequence& sequence) {
  if (sequence.stream) return after_step_of_stream(sequence);
  Job::State& job = *sequence.job;
  const int64_t drawn = job.wants_progress() ? tokens_.drawn(sequence.id) : 0;
  if (tokens_.generated(sequence.id)) {
    try {
      collect(sequence);
    } catch (...) {
      return fail(sequence);
    }
  }
  if (job.wants_progress()) {
    job.report({Stage::kDecode, drawn, model_.catalog().token_budget(job.task())});
  }
}

// Its rows are free for the next request before S3Gen has begun.
void Scheduler::collect(Sequence& sequence) {
  sequence.tokens = TokenState::kDone;
  sequence.utterance = tokens_.collect(sequence.id);
  release_rows(sequence);
  sequence.speech = SpeechState::kReady;
  if (sequence.kind != TaskKind::kSpeech) return;
  sequence.timings.decode = seconds(model_.now() - sequence.decode_start);
  metrics_.generated(static_cast<int64_t>(sequence.job->task().text_ids.size()),
                     sequence.utterance->stats().speech_tokens);
}

void Scheduler::collect_voice(Sequence& sequence) {
  sequence.tokens = TokenState::kDone;
  voice::Conditionals voice = tokens_.collect_voice(sequence.id);
  retire(sequence)->succeed(std::move(voice));
}

// Requests that may join a batch of utterances that are spoken as a whole.
int64_t Scheduler::waits_for_tokens() const {
  return std::count_if(running_.begin(), running_.end(), [](const Sequence& sequence) {
    const bool in_prefill = sequence.is(TokenState::kPrefill) && sequence.kind == TaskKind::kSpeech;
    return !sequence.stream && (in_prefill || sequence.is(TokenState::kDrawing));
  });
}

Batch Scheduler::next_to_speak() {
  Batch sequences;
  std::vector<ReadyUtterance> ready;
  for (Sequence& sequence : running_) {
    if (!sequence.is(SpeechState::kReady)) continue;
    const Standing& standing = sequence.job->standing();
    ready.push_back({sequence.utterance->frames(), sequence.utterance->cfm_steps(),
                     sequence.utterance->cfg_steps(), standing.priority, standing.series,
                     sequence.steps_waited, sequence.times_overtaken});
    sequences.push_back(&sequence);
  }
  if (ready.empty()) return {};
  const std::vector<size_t> chosen =
      traits_.batches_speech ? next_batch(ready, waits_for_tokens(), cache_.batch_frames)
                             : next_alone(ready);
  Batch batch;
  for (const size_t i : chosen) batch.push_back(sequences[i]);
  return batch;
}

// Those that are ready and listed before the first of the batch.
void Scheduler::count_overtaken(const Batch& batch) {
  for (Sequence& sequence : running_) {
    if (&sequence == batch.front()) return;
    if (sequence.is(SpeechState::kReady)) ++sequence.times_overtaken;
  }
}

// One batch or one chunk at a time: decoding goes on, and requests join, between two of them.
bool Scheduler::speak() {
  if (!speaking_.empty()) return false;
  Batch streams;
  const std::vector<LiveStream> live = live_streams(streams);
  Batch whole = next_to_speak();
  if (!whole.empty() && goes_before_chunks(as_whole(whole), live)) {
    chunks_let_pass_ = 0;
    speak_whole(std::move(whole));
    return true;
  }
  const std::optional<size_t> next = most_urgent(live, speech_ != nullptr);
  if (!next) return false;
  chunks_let_pass_ = whole.empty() ? 0 : chunks_let_pass_ + 1;
  speak_chunk(*streams[*next]);
  return true;
}

void Scheduler::speak_whole(Batch batch) {
  count_overtaken(batch);
  if (speech_ == nullptr) return speaker_.speak(batch);
  for (Sequence* sequence : batch) sequence->speech = SpeechState::kSpeaking;
  speaking_ = std::move(batch);
  speech_->run([this] { speaker_.speak(speaking_); });
}

// What the speech thread is through with: all of a batch has ended, or the exception says why not.
bool Scheduler::take_back() {
  if (speaking_.empty() || speech_->busy()) return false;
  Sequence& first = *speaking_.front();
  reclaim();
  speech_->rethrow();
  if (first.stream) after_chunk(first);
  return true;
}

void Scheduler::reclaim() noexcept {
  for (Sequence* sequence : speaking_) {
    sequence->speech = sequence->stream ? SpeechState::kNone : SpeechState::kReady;
  }
  speaking_.clear();
}

// What is being handled ends the sequence, or the engine.
void Scheduler::fail(Sequence& sequence) {
  const Failure failure = current_failure();
  if (failure.status == Status::kDeviceLost) failure.raise();
  end(sequence, &failure);
}

// Without a failure: for the reason why its job is not wanted.
void Scheduler::end(Sequence& sequence, const Failure* failure) noexcept {
  if (std::exchange(sequence.tokens, TokenState::kDone) != TokenState::kDone) {
    tokens_.end(sequence.id);
  }
  const std::shared_ptr<Job::State> job = retire(sequence);
  if (failure == nullptr) return job->end_unwanted();
  try {
    job->fail(*failure);
  } catch (const std::bad_alloc&) {
    job->fail({failure->status, {}});
  }
}

std::shared_ptr<Job::State> Scheduler::retire(Sequence& sequence) noexcept {
  release_rows(sequence);
  sequence.utterance.reset();
  metrics_.ended();
  return std::move(sequence.job);
}

void Scheduler::release_rows(Sequence& sequence) noexcept {
  const int64_t rows = std::exchange(sequence.rows, 0);
  rows_ -= rows;
  metrics_.freed_rows(rows);
}

void Scheduler::fail_all(const Failure& failure) noexcept {
  if (!speaking_.empty()) {
    speech_->wait();
    reclaim();
  }
  for (Sequence& sequence : running_) {
    if (sequence.job) end(sequence, &failure);
  }
  sweep();
}

void Scheduler::sweep() noexcept {
  running_.remove_if([](const Sequence& sequence) {
    return sequence.speech != SpeechState::kSpeaking && !sequence.job;
  });
  if (is_idle()) batch_is_closed_ = false;
}

void Scheduler::estimate() const {
  const Costs costs = metrics_.costs();
  double ahead = 0;
  for (const Sequence& sequence : running_) {
    if (sequence.speech == SpeechState::kSpeaking) continue;
    if (sequence.speech == SpeechState::kReady) {
      ahead += costs.speech * static_cast<double>(speech_work(*sequence.utterance));
    } else {
      const bool draws = sequence.tokens == TokenState::kDrawing;
      ahead += seconds_ahead(costs, sequence.job->task(), draws ? tokens_.drawn(sequence.id) : 0);
    }
  }
  metrics_.set_running_seconds(ahead);
}

}  // namespace chatterbox::engine
