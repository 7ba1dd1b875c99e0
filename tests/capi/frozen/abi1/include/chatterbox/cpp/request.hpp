// Requests to an engine. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_REQUEST_HPP
#define CHATTERBOX_CPP_REQUEST_HPP

#include <chatterbox/cpp/audio.hpp>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/voice.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace chatterbox {
inline namespace abi1 {

enum class Stage : int32_t {
  kQueued = CHATTERBOX_STAGE_QUEUED,
  kPrefill = CHATTERBOX_STAGE_PREFILL,  // T3 reads the text
  kDecode = CHATTERBOX_STAGE_DECODE,    // T3 draws; done: tokens, total: max_new_tokens
  kFlow = CHATTERBOX_STAGE_FLOW,        // S3Gen makes the mel; done, total: Euler steps
  kVocoder = CHATTERBOX_STAGE_VOCODER,  // S3Gen makes the wave
  kDone = CHATTERBOX_STAGE_DONE,
};
struct Progress {
  Stage stage = Stage::kQueued;
  int64_t done = 0;
  int64_t total = 0;
};

// A part of a long text that is spoken in one go.
using Piece = chatterbox_piece;

// Whether samples leave a request before its end; see the C header.
enum class StreamMode : int32_t {
  kNone = CHATTERBOX_STREAM_NONE,
  kChunks = CHATTERBOX_STREAM_CHUNKS,  // while the speech is made, a chunk at a time
  kPieces = CHATTERBOX_STREAM_PIECES,  // a piece of a long text at a time
};
enum class Noise : int32_t {
  kReference = CHATTERBOX_NOISE_REFERENCE,
  kByFrame = CHATTERBOX_NOISE_BY_FRAME,
};
enum class Halo : int32_t {
  kExact = CHATTERBOX_HALO_EXACT,
  kLowLatency = CHATTERBOX_HALO_LOW_LATENCY,
};
enum class Prompt : int32_t {
  kRecomputed = CHATTERBOX_PROMPT_RECOMPUTED,
  kFrozen = CHATTERBOX_PROMPT_FROZEN,
};
// Of a request that streams in chunks, in speech tokens, 25 a second. See
// chatterbox_stream_options, also for ranges.
struct StreamOptions {
  // Of the first chunk, the second, ...; empty: 25, 50, 100, with kLowLatency 12, 25, 50, 100; of
  // Flash so that each comes with a block: 26, 48, 96 and 10, 32, 48, 96.
  std::vector<int32_t> chunks = {};
  int32_t left_tokens = 50;      // before a chunk, computed again with it
  int32_t right_tokens = 6;      // behind a chunk, waited for
  int32_t condition_tokens = 0;  // of left_tokens, those whose mel is given
  Halo halo = Halo::kExact;
  Prompt prompt = Prompt::kRecomputed;
  int32_t slack_tokens = 0;  // more behind a chunk, waited for while there is time
};

// A text to be spoken. Options that are not set take the family's defaults: EngineInfo::defaults.
// See chatterbox_request, also for ranges.
struct Request {
  std::string text = {};                             // UTF-8, not blank, at most 10000 bytes
  std::optional<Voice> voice = std::nullopt;         // unset: the model's own voice
  std::optional<uint64_t> seed = std::nullopt;       // unset: the engine picks one and reports it
  std::optional<float> temperature = std::nullopt;   // 0 (greedy), or 0.05 to 5
  std::optional<float> cfg_weight = std::nullopt;    // 0 (no guidance, half the work) to 5
  std::optional<float> exaggeration = std::nullopt;  // 0 to 2
  std::optional<float> min_p = std::nullopt;         // 0 to 1
  std::optional<float> top_p = std::nullopt;         // above 0, up to 1
  std::optional<float> repetition_penalty = std::nullopt;  // 0.5 to 5; 1: none
  std::optional<int32_t> max_new_tokens = std::nullopt;    // 1 to 4096, 25 a second
  std::optional<int32_t> cfm_steps = std::nullopt;         // Euler steps, 1 to 100
  std::optional<int32_t> cfg_steps = std::nullopt;  // the first ones, with guidance; unset: all
  std::optional<int32_t> top_k = std::nullopt;      // 0 (all) to 10000; 0 except in Turbo, Nano
  std::optional<bool> analyze_alignment = std::nullopt;
  std::string language = {};  // one of EngineInfo::languages; empty unless multilingual
  bool text_tags = false;     // multilingual models read tags such as [laughter] as tokens
  bool word_times = false;    // results and chunks tell when each word is spoken
  // Of Flash, which draws speech in blocks; unset for every other family.
  std::optional<int32_t> block_size = std::nullopt;     // positions of a block, 1 to 256
  std::optional<int32_t> block_passes = std::nullopt;   // over a block at most, 1 to 100
  std::optional<double> schedule_shift = std::nullopt;  // 0 to 100; below 1: more in later passes
  std::optional<double> early_decoding = std::nullopt;  // 0 to 100; more of it saves passes
  std::optional<bool> position_noise = std::nullopt;    // which are filled first is partly random
  std::optional<bool> prior = std::nullopt;             // scores are relative to the model's own
  std::optional<bool> fill_before_end = std::nullopt;   // an end of speech waits for what precedes
  std::optional<bool> normalise = std::nullopt;         // numbers and the like become words
  // How the request is run.
  int32_t priority = 0;  // -100 to 100; the waiting request with the highest priority starts first
  uint64_t client = 0;   // who asks: at equal priority, clients are served in turn
  uint64_t tag = 0;      // a number of the caller's for callbacks and log lines
  // From submission; a request that is not done by then ends with kDeadlineExceeded.
  std::optional<std::chrono::milliseconds> deadline = std::nullopt;
  // How long submit() waits for room in the queue before it throws kBusy. kForever: as long as it
  // takes, as functions that block for the result always do.
  std::chrono::milliseconds wait_for_room{0};
  // Unless it is kNone, Job::next() or Job::chunks() return the samples, or on_audio receives them,
  // and the result has none. Without on_audio only for submit() and submit_long().
  StreamMode stream = StreamMode::kNone;
  StreamOptions stream_options = {};          // of kChunks
  std::optional<Noise> noise = std::nullopt;  // unset: kByFrame with kChunks, else kReference
  // Called one at a time and in order, on the engine's threads, and never after on_done; they must
  // be quick and not wait for the engine. An exception from one cancels the request. They cost
  // nothing when empty. A job keeps copies of them until its end; functions that block for the
  // result make none.
  std::function<void(const Progress&)> on_progress = nullptr;
  std::function<void(const TensorView&)> on_tensor = nullptr;
  // Receives the samples, and the result has none. Returning false cancels the request.
  std::function<bool(Samples)> on_audio = nullptr;
  // Called exactly once, however the request ends, when Job::wait() no longer blocks; not called
  // for a refused request. Its exceptions are ignored.
  std::function<void(Status)> on_done = nullptr;
};

// Speech to be spoken in another voice. Members without a comment are as in Request.
struct Conversion {
  Audio source = {};  // like a recording for make_voice(), but 0.1 s to 10 minutes
  std::optional<Voice> voice = std::nullopt;
  std::optional<uint64_t> seed = std::nullopt;
  std::optional<int32_t> cfm_steps = std::nullopt;
  std::optional<int32_t> cfg_steps = std::nullopt;
  int32_t priority = 0;
  uint64_t client = 0;
  uint64_t tag = 0;
  std::optional<std::chrono::milliseconds> deadline = std::nullopt;
  std::chrono::milliseconds wait_for_room{0};
  StreamMode stream = StreamMode::kNone;
  StreamOptions stream_options = {};
  std::optional<Noise> noise = std::nullopt;
  std::function<void(const Progress&)> on_progress = nullptr;
  std::function<void(const TensorView&)> on_tensor = nullptr;
  std::function<bool(Samples)> on_audio = nullptr;
  std::function<void(Status)> on_done = nullptr;
};

// How the pieces of a long text are joined.
struct LongTextOptions {
  double pause = 0.15;  // seconds of silence between two pieces, 0 to 10
  // Called when the samples of a piece are final, like a request's callbacks.
  std::function<void(const Piece&)> on_piece = nullptr;
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_REQUEST_HPP
