// The scheduler, as far as it concerns sequences that are spoken in chunks: their utterances are
// S3Gen's from the first token on, and get what is drawn since whenever S3Gen does not work on
// them.
#include <algorithm>
#include <utility>

#include "engine/scheduling/scheduler.h"

namespace chatterbox::engine {
namespace {

using runtime::TaskKind;

std::optional<runtime::ChunkRange> chunk_of(const Sequence& sequence) {
  const Stream& stream = *sequence.stream;
  return next_chunk(*sequence.job->task().stream, stream.spoken, sequence.utterance->tokens(),
                    stream.complete);
}

int64_t missing_tokens(const Sequence& sequence) {
  if (sequence.stream->complete) return 0;
  return tokens_missing(*sequence.job->task().stream, sequence.stream->spoken,
                        sequence.utterance->tokens());
}

}  // namespace

// Nobody reads it, and T3 is done with it: until somebody does, it takes nothing from others.
bool Scheduler::is_stalled(const Sequence& sequence) {
  return sequence.stream && sequence.speech != SpeechState::kSpeaking &&
         sequence.is(TokenState::kDone) && sequence.job->is_behind();
}

bool Scheduler::is_idle() const {
  return std::all_of(running_.begin(), running_.end(), is_stalled);
}

// Without memory of its own: there is none to be short of while the queue is locked.
void Scheduler::count_streams(Occupancy& now) const {
  for (const Sequence& sequence : running_) {
    if (!is_live(sequence) || follows_its_series(sequence)) continue;
    ++now.streams;
    const std::optional<double> ahead = sequence.job->listener()->ahead(model_.now());
    if (!ahead || *ahead < kSettledSeconds) ++now.starting_streams;
  }
}

bool Scheduler::is_live(const Sequence& sequence) {
  return sequence.stream && sequence.job && !is_stalled(sequence);
}

// Whether an earlier piece of its long text is live.
bool Scheduler::follows_its_series(const Sequence& sequence) const {
  const uint64_t series = sequence.job->standing().series;
  if (series == 0) return false;
  const auto first = std::find_if(running_.begin(), running_.end(), [series](const Sequence& one) {
    return is_live(one) && one.job->standing().series == series;
  });
  return &*first != &sequence;
}

bool Scheduler::is_active(uint64_t series) const {
  return series != 0 &&
         std::any_of(running_.begin(), running_.end(), [series](const Sequence& sequence) {
           return is_live(sequence) && sequence.job->standing().series == series;
         });
}

void Scheduler::open(Sequence& sequence) {
  sequence.utterance = tokens_.open(sequence.id);
  if (sequence.kind == TaskKind::kConversion) {
    sequence.tokens = TokenState::kGenerated;
    return;
  }
  sequence.tokens = TokenState::kDrawing;
  metrics_.set_prefixes(tokens_.prefix_stats());
}

void Scheduler::after_step_of_stream(Sequence& sequence) {
  if (tokens_.generated(sequence.id)) sequence.tokens = TokenState::kGenerated;
  if (sequence.speech == SpeechState::kSpeaking) return;  // its callbacks are the speech thread's
  Job::State& job = *sequence.job;
  if (!job.wants_progress()) return;
  job.report(
      {Stage::kDecode, tokens_.drawn(sequence.id), model_.catalog().token_budget(job.task())});
}

// Whether any of them now has all of its tokens.
bool Scheduler::hand_over_tokens() {
  bool complete = false;
  for (Sequence& sequence : running_) {
    if (!sequence.stream || sequence.speech == SpeechState::kSpeaking) continue;
    if (!sequence.is(TokenState::kDrawing) && !sequence.is(TokenState::kGenerated)) continue;
    complete = complete || sequence.tokens == TokenState::kGenerated;
    try {
      hand_over_tokens(sequence);
    } catch (...) {
      fail(sequence);
    }
  }
  return complete;
}

void Scheduler::hand_over_tokens(Sequence& sequence) {
  tokens_.extend(sequence.id, *sequence.utterance);
  if (sequence.tokens != TokenState::kGenerated) return;
  sequence.tokens = TokenState::kDone;
  tokens_.end(sequence.id);
  release_rows(sequence);
  sequence.stream->complete = true;
  if (sequence.kind != TaskKind::kSpeech) return;
  sequence.timings.decode = seconds(model_.now() - sequence.decode_start);
  metrics_.generated(static_cast<int64_t>(sequence.job->task().text_ids.size()),
                     sequence.utterance->stats().speech_tokens);
}

// Those that S3Gen can do something for, or soon can, and their sequences.
std::vector<LiveStream> Scheduler::live_streams(Batch& sequences) {
  const TimePoint now = model_.now();
  const Costs costs = metrics_.costs();
  std::vector<LiveStream> streams;
  for (Sequence& sequence : running_) {
    if (!sequence.stream || !sequence.job || !sequence.utterance) continue;
    Job::State& job = *sequence.job;
    if (job.is_behind()) continue;
    LiveStream live;
    const std::optional<runtime::ChunkRange> chunk = chunk_of(sequence);
    live.due = chunk.has_value();
    live.priority = job.standing().priority;
    live.series = job.standing().series;
    std::optional<TimePoint>& due_since = sequence.stream->due_since;
    if (live.due && !due_since) due_since = now;
    if (const auto ahead = job.listener()->ahead(now)) {
      live.ahead = *ahead;
      live.lead = costs.chunk + costs.step * static_cast<double>(missing_tokens(sequence));
      const bool has_time = live.ahead - live.lead > kSettledSeconds;
      if (live.due && has_time &&
          may_see_more(*job.task().stream, *chunk, sequence.stream->complete)) {
        live.due = false;
      }
    } else if (due_since) {
      live.ahead = -seconds(now - *due_since);
    }
    streams.push_back(live);
    sequences.push_back(&sequence);
  }
  return streams;
}

WholeUtterance Scheduler::as_whole(const Batch& batch) const {
  WholeUtterance whole;
  whole.chunks_let_pass = chunks_let_pass_;
  for (const Sequence* sequence : batch) {
    const int64_t work = speech_work(*sequence->utterance);
    whole.seconds += metrics_.costs().speech * static_cast<double>(work);
    whole.steps_waited = std::max(whole.steps_waited, sequence->steps_waited);
  }
  return whole;
}

void Scheduler::speak_chunk(Sequence& sequence) {
  sequence.stream->next = *chunk_of(sequence);
  if (speech_ == nullptr) {
    chunk_speaker_.speak(sequence);
    return after_chunk(sequence);
  }
  sequence.speech = SpeechState::kSpeaking;
  speaking_ = {&sequence};
  speech_->run([this] { chunk_speaker_.speak(*speaking_.front()); });
}

// Ends it where that is due. One that is not wanted any more is dropped like all such.
void Scheduler::after_chunk(Sequence& sequence) {
  const Stream& stream = *sequence.stream;
  if (!sequence.job->wanted()) return end(sequence, nullptr);
  if (stream.failure) return end(sequence, &*stream.failure);
  if (sequence.token_failure) return end(sequence, &*sequence.token_failure);
  if (!stream.next.last) return;
  if (!completion_.succeed(sequence, stream.wave)) end(sequence, nullptr);
}

}  // namespace chatterbox::engine
