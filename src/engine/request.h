// What a caller asks of an engine. An option that is not set is the family's (EngineInfo::defaults)
// or the engine's choice. Ranges are those of chatterbox.h; see validate.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audio/audio.h"
#include "engine/voice.h"
#include "runtime/task.h"
#include "support/status.h"
#include "support/tensor_sink.h"
#include "voice/voice_recipe.h"

namespace chatterbox {

using runtime::NoiseLayout;

// What a request is at. The numbers are CHATTERBOX_STAGE_...
enum class Stage : int32_t {
  kQueued = 0,
  kPrefill = 1,  // T3 reads the text
  kDecode = 2,   // T3 draws speech tokens; done of total: tokens of those it may draw at most
  kFlow = 3,     // S3Gen's mel; done of total: Euler steps
  kVocoder = 4,  // the wave
  kDone = 5,
};
struct Progress {
  Stage stage = Stage::kQueued;
  int64_t done = 0;
  int64_t total = 0;
};

inline constexpr std::chrono::milliseconds kForever(-1);  // of a wait: without limit

// Whether samples leave a job before its end.
enum class StreamMode : int32_t {
  kNone = 0,
  kChunks = 1,  // while its tokens are drawn, a chunk at a time
  kPieces = 2,  // a piece of a long text at a time, each spoken as without streaming
};
enum class Halo : int32_t {
  kExact = 0,       // chunks of a mel make the same wave as the whole
  kLowLatency = 1,  // sound leaves a quarter of a second earlier, and differs a little
};
enum class StreamPrompt : int32_t {
  kRecomputed = 0,  // the voice's prompt is computed again with each chunk
  kFrozen = 1,      // once for a voice, and kept
};
// Of a job that streams in chunks; see runtime::StreamPlan.
struct StreamOptions {
  // Tokens of each chunk, the last one again and again; empty: see default_chunks.h.
  std::vector<int32_t> chunks = {};
  int32_t left_tokens = 50;
  int32_t right_tokens = 6;
  int32_t condition_tokens = 0;
  Halo halo = Halo::kExact;
  StreamPrompt prompt = StreamPrompt::kRecomputed;
  int32_t slack_tokens = 0;
};

// What all jobs have.
struct JobOptions {
  uint64_t tag = 0;      // the caller's; in callbacks, log lines and errors
  uint64_t client = 0;   // clients are served in turn; 0 is one of them
  int32_t priority = 0;  // -100 to 100; of what waits, the highest starts first
  // From submission; a job that is not done by then ends with kDeadlineExceeded.
  std::optional<std::chrono::milliseconds> deadline = std::nullopt;
  // For room in the queue, where there is none: then kBusy. kForever: until there is.
  std::chrono::milliseconds wait_for_room{0};
  // Where it is not kNone and there is no on_audio, the samples leave through Job::next() and the
  // result has none.
  StreamMode stream = StreamMode::kNone;
  StreamOptions stream_options = {};  // of kChunks
  // All are called on the engine's threads (those of a streamed long text also within Job::next()),
  // in order, and never after on_done. They may submit and cancel, but must not wait for the
  // engine. An exception ends the job with kInternal, an Error of kCancelled with that. They cost
  // nothing when empty.
  std::function<void(const Progress&)> on_progress = nullptr;
  std::function<void(const TensorView&)> on_tensor = nullptr;
  // Final samples, in order; the result then has none. False cancels the job.
  std::function<bool(const float* samples, size_t count)> on_audio = nullptr;
  // Exactly once, whatever the end, when the result is there to be read. Not for a job that was
  // refused, but for one of a batch. May be called on the thread that cancels the job or destroys
  // the engine.
  std::function<void(Status)> on_done = nullptr;
};

// Of a family that draws speech in blocks; see t3/block_options.h. Unset: as there.
struct BlockRequest {
  std::optional<int32_t> size = std::nullopt;
  std::optional<int32_t> passes = std::nullopt;
  std::optional<double> schedule_shift = std::nullopt;
  std::optional<double> early_decoding = std::nullopt;
  std::optional<bool> position_noise = std::nullopt;
  std::optional<bool> prior = std::nullopt;
  std::optional<bool> fill_before_end = std::nullopt;
};

struct Request : JobOptions {
  std::string text = {};
  std::optional<Voice> voice = std::nullopt;    // unset: the model's own
  std::optional<uint64_t> seed = std::nullopt;  // unset: the engine picks one and reports it
  std::optional<float> temperature = std::nullopt;
  std::optional<float> cfg_weight = std::nullopt;
  std::optional<float> exaggeration = std::nullopt;
  std::optional<float> min_p = std::nullopt;
  std::optional<float> top_p = std::nullopt;
  std::optional<float> repetition_penalty = std::nullopt;
  std::optional<int32_t> max_new_tokens = std::nullopt;
  std::optional<int32_t> cfm_steps = std::nullopt;
  std::optional<int32_t> cfg_steps = std::nullopt;  // unset: all of cfm_steps
  std::optional<int32_t> top_k = std::nullopt;
  std::optional<bool> analyze_alignment = std::nullopt;
  bool word_times = false;  // the result and the chunks have words; changes no sample
  std::string language = {};
  bool text_tags = false;
  BlockRequest blocks = {};
  std::optional<bool> normalise = std::nullopt;  // unset: as the family does
  // Unset: kByFrame where it streams in chunks, which needs that, else kReference.
  std::optional<NoiseLayout> noise = std::nullopt;
};

// Speech to be spoken by another voice.
struct Conversion : JobOptions {
  Audio source;
  std::optional<Voice> voice = std::nullopt;
  std::optional<uint64_t> seed = std::nullopt;
  std::optional<int32_t> cfm_steps = std::nullopt;
  std::optional<int32_t> cfg_steps = std::nullopt;
  std::optional<NoiseLayout> noise = std::nullopt;
};

// A part of a long text that is spoken in one go.
struct Piece {
  size_t index = 0;  // from 0
  size_t count = 0;  // of the whole text
  // Its place in the text, in bytes, and in the speech, in seconds.
  size_t text_begin = 0, text_end = 0;
  double begin = 0, end = 0;
};

// How the pieces of a long text are joined.
struct LongTextOptions {
  double pause = 0.15;  // seconds of silence between two pieces, 0 to 10
  // After the samples of each piece; as the request's callbacks.
  std::function<void(const Piece&)> on_piece = nullptr;
};

struct VoiceOptions {
  // As chatterbox_voice_options.
  bool normalise_loudness = true;
  double prompt_seconds = voice::kMaxPromptSeconds;
  std::function<void(const TensorView&)> on_tensor = nullptr;
};

}  // namespace chatterbox
