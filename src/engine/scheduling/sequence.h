// A job that has started.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "audio/wave_quality.h"
#include "engine/job_state.h"
#include "engine/scheduling/chunk_plan.h"
#include "engine/scheduling/costs.h"
#include "engine/words.h"
#include "runtime/executor.h"

namespace chatterbox::engine {

// What T3 has to do with a sequence, and S3Gen: independent of each other.
enum class TokenState {
  kPrefill,  // T3 reads its text, or its recording is read
  kDrawing,
  kGenerated,  // of a stream: all tokens are there, and S3Gen has not been given the last ones
  kDone,       // the token executor knows it no more
};
enum class SpeechState {
  kNone,      // there is nothing to speak yet; of a stream: whatever there is
  kReady,     // its utterance waits for S3Gen
  kSpeaking,  // it is the speech thread's, and of all but the two states nothing may be read here;
              // of a stream neither its job's callbacks, utterance, stream and timings
};

// Of a sequence that is spoken in chunks, while it is drawn.
struct Stream {
  SpokenSoFar spoken;
  bool complete = false;               // the utterance has all its tokens
  runtime::ChunkRange next;            // what S3Gen was last given
  std::optional<TimePoint> due_since;  // its first chunk
  double last_seconds = 0;             // that the last chunk lasts
  std::optional<Failure> failure;      // of S3Gen
  audio::WaveQuality wave;             // of what was spoken
};

struct Sequence {
  std::shared_ptr<Job::State> job;  // null: has ended, and goes at the next opportunity
  runtime::TaskKind kind = runtime::TaskKind::kSpeech;
  TokenState tokens = TokenState::kPrefill;
  SpeechState speech = SpeechState::kNone;
  int64_t id = 0;                                 // the token executor's
  int64_t rows = 0;                               // of the KV cache
  std::unique_ptr<runtime::Utterance> utterance;  // once it is ready
  int64_t steps_waited = 0;                       // see ReadyUtterance
  int64_t times_overtaken = 0;
  bool dropped = false;  // its job is over, but S3Gen works on its batch
  DeliveredWords words;
  std::optional<Stream> stream;          // of those that are spoken in chunks
  std::optional<Failure> token_failure;  // of T3, while S3Gen has it
  TimePoint decode_start;
  Timings timings;

  // The state first: see kSpeaking.
  [[nodiscard]] bool is(TokenState state) const { return tokens == state && job; }
  [[nodiscard]] bool is(SpeechState state) const { return speech == state && job; }
};
using Batch = std::vector<Sequence*>;

[[nodiscard]] inline int64_t speech_work(const runtime::Utterance& utterance) {
  return speech_work(utterance.frames(), utterance.cfm_steps());
}

}  // namespace chatterbox::engine
