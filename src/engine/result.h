// What becomes of a request.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "audio/audio.h"
#include "engine/request.h"
#include "runtime/task.h"
#include "support/failure.h"
#include "t3/quality.h"

namespace chatterbox {

struct Timings {  // seconds
  double queued = 0, text = 0, prefill = 0, decode = 0, flow = 0, vocoder = 0, watermark = 0,
         total = 0;
};

// Samples that were handed out together.
struct ChunkStats {
  int64_t first = 0;  // index of the first of them in all of the speech
  int64_t samples = 0;
  double seconds = 0;  // from the submission, when they were handed out
};

// How samples reached somebody who plays them as they come.
struct StreamStats {
  double first_sound = 0;  // seconds from the submission to the first sample
  // The longest silence, in seconds, of somebody who starts to play with the first sample.
  double largest_underrun = 0;
  std::vector<ChunkStats> chunks = {};
};

struct Result {
  Audio audio;  // mono, 24 kHz
  FinishReason finish_reason = FinishReason::kEos;
  uint64_t seed = 0;
  int64_t text_tokens = 0;    // with start and stop
  int64_t speech_tokens = 0;  // as drawn, with the end of speech when it was reached
  int64_t decode_steps = 0;   // forward passes of one token
  int64_t samples = 0;        // in all, wherever they went
  Timings timings;
  Quality quality;
  std::vector<Piece> pieces = {};  // of a long text
  std::vector<Word> words = {};    // with word_times
  StreamStats stream = {};         // of a request that streams
};

// What became of one request of a batch: one of the two is there.
struct Outcome {
  std::optional<Result> result = std::nullopt;
  std::optional<Failure> failure = std::nullopt;
};

// What the memory limit and the options allow; does not change.
struct Limits {
  int64_t rows = 0;          // of the KV cache: a request takes one, with guidance two
  int64_t positions = 0;     // of each row
  int64_t row_bytes = 0;     // of each row, all positions
  int64_t cache_bytes = 0;   // of all rows
  int64_t batch_frames = 0;  // mel frames that S3Gen works on at a time; longer ones work alone
  int64_t prefix_bytes = 0;  // that the prefix cache keeps at most
  int64_t prompt_bytes = 0;  // of frozen prompts, at most
  int64_t max_batch = 0;     // requests that draw tokens at a time
  int64_t max_queue = 0;     // requests that may wait
  int64_t max_queue_bytes = 0;
  int64_t max_text_tokens = 0;  // of one request, with start and stop
};

// What is going on at this moment, and what has been so far.
struct Metrics {
  bool healthy = true;  // false: the device was lost, or the engine's thread ended
  int64_t running = 0;  // jobs that have started and are not done; pieces of long texts count each
  int64_t waiting = 0;  // in the queue; so do they there
  int64_t waiting_bytes = 0;  // held by requests that wait, and by long texts not all on their way
  int64_t rows_in_use = 0;
  int64_t peak_rows = 0;      // most rows in use at a time so far
  int64_t prefix_hits = 0;    // requests whose voice was in the prefix cache
  int64_t prefix_misses = 0;  // requests that had to compute some of it
  int64_t prefix_positions_saved = 0;
  int64_t speech_tokens = 0;      // drawn so far
  int64_t decode_steps = 0;       // of all rows together, so far
  double audio_seconds = 0;       // of speech made so far
  double step_seconds = 0;        // of a decode step: a moving average over some twenty
  double seconds_since_step = 0;  // since the engine last finished a piece of work; 0 when idle
  double queue_seconds = 0;       // estimate of the work that is waiting and running
  static constexpr size_t kStatuses = 32;
  // Jobs that ended so far, by -status; [0]: with success. A long text is one, and a voice that was
  // made.
  std::array<int64_t, kStatuses> ended{};
};

}  // namespace chatterbox
