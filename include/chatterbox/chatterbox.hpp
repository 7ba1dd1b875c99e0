// The C++17 API of chatterbox: text and a voice in, 24 kHz speech out.
//
//   auto engine = chatterbox::ChatterboxEngine::load();              // the demo model
//   auto result = engine.generate("Hello.");                         // in the model's own voice
//   chatterbox::write_wav("hello.wav", result.audio);
//
// Threads: every member function of every class may be called from any thread at any time, unless
// its comment says otherwise. Errors: functions throw chatterbox::Error, or std::bad_alloc. ABI:
// the C interface (chatterbox.h) is the stable one. This one asks for the same compiler family and
// standard library as the library was built with.
#ifndef CHATTERBOX_CHATTERBOX_HPP
#define CHATTERBOX_CHATTERBOX_HPP

#include <chatterbox/chatterbox.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox {

// What went wrong. The same names and numbers as chatterbox_status.
enum class Status : int32_t {
#define CHATTERBOX_DEFINE_STATUS(name, camel, value, text) k##camel = value,
  CHATTERBOX_FOR_EACH_STATUS(CHATTERBOX_DEFINE_STATUS)
#undef CHATTERBOX_DEFINE_STATUS
};

// what() is one line that names the offending value and the limit.
class CHATTERBOX_API Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message);
  ~Error() override;
  [[nodiscard]] Status status() const noexcept { return status_; }

 private:
  Status status_;
};

// Interleaved samples, nominally in [-1, 1].
struct Audio {
  std::vector<float> samples;
  int32_t sample_rate = 24000;  // Hz
  int32_t channels = 1;         // results are mono
};

// Reads PCM (8, 16, 24, 32 bit) or float (32, 64 bit) WAV. kNotFound, kIo or kBadAudio on failure.
[[nodiscard]] CHATTERBOX_API Audio read_wav(const std::string& path);
// Writes 16-bit PCM; samples beyond [-1, 1] are clipped.
CHATTERBOX_API void write_wav(const std::string& path, const Audio& audio);

enum class Precision : int32_t {
  kFp32 = CHATTERBOX_PRECISION_FP32,
  kBf16 = CHATTERBOX_PRECISION_BF16
};

enum class LogLevel : int32_t {
  kDebug = CHATTERBOX_LOG_DEBUG,
  kInfo = CHATTERBOX_LOG_INFO,
  kWarning = CHATTERBOX_LOG_WARNING,
  kError = CHATTERBOX_LOG_ERROR,
  kOff = CHATTERBOX_LOG_OFF,
};
using LogCallback = std::function<void(LogLevel, std::string_view message)>;

// How requests share the engine.
enum class Mode : int32_t {
  kSequential = CHATTERBOX_MODE_SEQUENTIAL,  // one request at a time
  // Takes what waits, max_batch requests at most, and takes no more until all of them are done.
  kBatch = CHATTERBOX_MODE_BATCH,
  // Requests join the running ones and leave them between two steps: continuous batching.
  kDynamic = CHATTERBOX_MODE_DYNAMIC,
};

// The families of models. A folder that holds the files of one of them is recognised by their
// names.
enum class Family : int32_t {
  kEnglish = CHATTERBOX_FAMILY_ENGLISH,
  // The second version where there is more than one, as the Python package does by default.
  kMultilingual = CHATTERBOX_FAMILY_MULTILINGUAL,
  kMultilingualV2 = CHATTERBOX_FAMILY_MULTILINGUAL_V2,
  kMultilingualV3 = CHATTERBOX_FAMILY_MULTILINGUAL_V3,
  kTurbo = CHATTERBOX_FAMILY_TURBO,
  kNano = CHATTERBOX_FAMILY_NANO,
};

// Whether speech gets the inaudible Perth watermark, which detect_watermark() finds.
enum class Watermark : int32_t {
  kAuto = CHATTERBOX_WATERMARK_AUTO,  // where its weights are found
  kOn = CHATTERBOX_WATERMARK_ON,      // load() fails where they are not
  kOff = CHATTERBOX_WATERMARK_OFF,
};

struct EngineOptions {
  // A checkpoint folder, or "demo": a tiny model that is installed with the library and speaks
  // English, or "synthetic": one of the same architecture made in memory, for tests, whose sound is
  // noise.
  std::string model = "demo";
  std::optional<Family> family = std::nullopt;  // default: the one whose files the folder has
  std::string device = "auto";  // "cpu", "cuda", "cuda:N", or "auto" (cuda where there is one)
  std::optional<Precision> precision = std::nullopt;  // default: fp32 on a CPU, bf16 on CUDA
  int32_t threads = 0;                                // CPU threads, 0 to 1024; 0: one per core
  int32_t max_queue = 64;  // requests that may wait before submit() fails with kBusy, 1 to 65536
  LogCallback log =
      nullptr;  // called from any thread, never two at once for one engine; may be empty
  LogLevel log_level = LogLevel::kWarning;
  // Require that a request gives the same bits alone and in any batch. On a CPU that always holds,
  // at no cost, and this changes nothing. On CUDA the matrix products choose their kernels by the
  // number of rows; there it makes the engine run one request at a time (as Mode::kSequential), at
  // the cost that chatterbox-bench shows for it.
  bool deterministic = false;
  Mode mode = Mode::kDynamic;
  // Requests that draw tokens at a time, 1 to 256, in modes kBatch and kDynamic. A CPU reads the
  // weights once for 32 rows of the KV cache, which 16 requests with guidance fill: more of them
  // get slower one by one.
  int32_t max_batch = 8;
  // Bytes beside the weights, for the KV cache (three quarters), what voices begin with (a
  // sixteenth, 512 MiB at most) and the work on a batch (the rest); 0: half of what is free on the
  // device once the model is loaded. See Capacity.
  int64_t memory_limit = 0;
  Watermark watermark = Watermark::kAuto;
};

// How a voice sounds: everything that the models take from a recording. Immutable; copies share it.
class CHATTERBOX_API Voice {
 public:
  // Reads a voice saved by save(), or a conds.pt of the Python package.
  [[nodiscard]] static Voice load(const std::string& path);
  void save(const std::string& path) const;  // one safetensors file

  struct Info {
    int64_t prompt_tokens = 0;  // speech tokens that condition T3
    int64_t s3gen_tokens = 0;   // speech tokens that S3Gen continues from (25 a second)
    int64_t mel_frames = 0;     // frames of the mel that S3Gen continues from (50 a second)
  };
  [[nodiscard]] Info info() const;

  class Impl;
  explicit Voice(std::shared_ptr<const Impl> impl);
  [[nodiscard]] const std::shared_ptr<const Impl>& impl() const noexcept { return impl_; }

 private:
  std::shared_ptr<const Impl> impl_;  // never null
};

enum class Stage : int32_t {
  kQueued = CHATTERBOX_STAGE_QUEUED,
  kPrefill = CHATTERBOX_STAGE_PREFILL,  // T3 reads the text
  kDecode =
      CHATTERBOX_STAGE_DECODE,  // T3 writes speech tokens; done of total: tokens of max_new_tokens
  kFlow = CHATTERBOX_STAGE_FLOW,        // S3Gen's mel; done of total: Euler steps
  kVocoder = CHATTERBOX_STAGE_VOCODER,  // the wave
  kDone = CHATTERBOX_STAGE_DONE,
};
struct Progress {
  Stage stage = Stage::kQueued;
  int64_t done = 0;
  int64_t total = 0;
};

// One tensor of an inner stage, named as the reference's (see docs of --dump). The data are valid
// during the call only, row-major, on the host.
struct TensorView {
  std::string_view name;
  enum class Type : int32_t { kFloat32, kInt64 } type = Type::kFloat32;
  const int64_t* shape = nullptr;
  size_t rank = 0;
  const void* data = nullptr;
};

// The defaults are those of the English models. ChatterboxEngine::default_request() has those of
// the loaded family.
struct Request {
  std::string text = {};                        // UTF-8, not blank, no NUL, at most 10000 bytes
  std::optional<Voice> voice = std::nullopt;    // default: the model's own
  std::optional<uint64_t> seed = std::nullopt;  // default: the engine picks one and reports it
  float temperature = 0.8f;                     // 0 (greedy), or 0.05 to 5
  // The next three are without effect in Turbo and Nano.
  float cfg_weight = 0.5f;          // 0 (no guidance, half the work) to 5
  float exaggeration = 0.5f;        // 0 to 2
  float min_p = 0.05f;              // 0 to 1
  float top_p = 1.0f;               // above 0, to 1
  float repetition_penalty = 1.2f;  // 0.5 to 5; 1: none
  int32_t max_new_tokens = 1000;    // 1 to 4096 speech tokens, 25 a second
  int32_t cfm_steps = 10;           // Euler steps of the flow, 1 to 100
  int32_t top_k = 0;  // tokens to draw from, 0 (all) to 10000; other than 0 in Turbo and Nano only
  // Of EngineInfo::languages, in any case; must be set for a multilingual model, and be empty for
  // another.
  std::string language = {};
  // Tags in the text, such as [laughter], are tokens of the multilingual models; else they are
  // text. Those of Turbo and Nano always are.
  bool text_tags = false;
  // Watch what T3 attends to in the text, and step in where it would end early or not at all (see
  // Intervention), which changes the speech. Only a model of the official size has what is watched.
  bool analyze_alignment = false;
  // Both are called on the engine's thread (on CUDA it has two, so that callbacks of two requests
  // may run at a time), in order, and must not call the engine nor wait for a job. An exception
  // from one ends the request with kInternal. They cost nothing when empty.
  std::function<void(const Progress&)> on_progress = nullptr;
  std::function<void(const TensorView&)> on_tensor = nullptr;
};

// Speech to be spoken by another voice.
struct Conversion {
  Audio source;  // as a recording for make_voice(), of 0.1 s to 10 minutes
  std::optional<Voice> voice = std::nullopt;        // default: the model's own
  std::optional<uint64_t> seed = std::nullopt;      // default: the engine picks one and reports it
  std::optional<int32_t> cfm_steps = std::nullopt;  // 1 to 100; default: the family's, 10 or 2
  // As a request's.
  std::function<void(const Progress&)> on_progress = nullptr;
  std::function<void(const TensorView&)> on_tensor = nullptr;
};

struct VoiceOptions {
  // Turbo and Nano bring a recording to -27 LUFS (ITU-R BS.1770); false: they take it as it is.
  bool normalise_loudness = true;
  std::function<void(const TensorView&)> on_tensor = nullptr;  // as a request's
};

// How the pieces of a long text are joined.
struct LongTextOptions {
  double pause = 0.15;  // seconds of silence between two pieces, 0 to 10
  // Called on the caller's thread with the samples that are final, in order, while the rest is
  // still spoken. The result then has no samples. An exception from it cancels the rest.
  std::function<void(const float* samples, size_t count)> on_samples = nullptr;
  // Called on the caller's thread after each piece. An exception from it cancels the rest.
  std::function<void(size_t done, size_t total)> on_piece = nullptr;
  // Asked on the caller's thread some twenty times a second; true cancels the rest (kCancelled).
  std::function<bool()> is_cancelled = nullptr;
};

enum class FinishReason : int32_t {
  kEos = CHATTERBOX_FINISH_EOS,               // the model said that it is done
  kMaxTokens = CHATTERBOX_FINISH_MAX_TOKENS,  // max_new_tokens reached: the speech may be cut short
};

struct Timings {  // seconds
  double queued = 0, text = 0, prefill = 0, decode = 0, flow = 0, vocoder = 0, total = 0;
};

// What the alignment analyzer did: it kept the end of speech away from a text that was not
// finished, or ended the speech, for one of the other reasons.
enum class Intervention : int32_t {
  kEndSuppressed = CHATTERBOX_INTERVENTION_END_SUPPRESSED,
  kLongTail = CHATTERBOX_INTERVENTION_LONG_TAIL,  // it stayed at the text's end
  kAlignmentRepetition =
      CHATTERBOX_INTERVENTION_ALIGNMENT_REPETITION,  // it went back into the finished text
  kTokenRepetition =
      CHATTERBOX_INTERVENTION_TOKEN_REPETITION,  // it drew the same token again and again
};
struct InterventionSpan {
  Intervention kind = Intervention::kEndSuppressed;
  int64_t first_step = 0;  // index of the first speech token that it decided on
  int64_t steps = 0;       // how many tokens in a row
};

// What can be told of a result without listening.
struct Quality {
  float peak = 0;                  // largest magnitude of a sample
  int64_t clipped_samples = 0;     // at the limit of the vocoder, a magnitude of 0.99
  int64_t longest_repetition = 0;  // most equal speech tokens in a row
  // With Request::analyze_alignment:
  std::optional<float> text_coverage = std::nullopt;  // share of the text that was spoken, 0 to 1
  std::vector<InterventionSpan> interventions = {};   // in the order of their steps
};

struct Result {
  Audio audio;  // mono, 24 kHz
  FinishReason finish_reason = FinishReason::kEos;
  uint64_t seed = 0;
  int64_t text_tokens = 0;    // with start and stop
  int64_t speech_tokens = 0;  // as drawn, with the end of speech when it was reached
  int64_t decode_steps = 0;   // forward passes of one token
  Timings timings;
  Quality quality;
};

// What became of one request of a batch: one of the two is there.
struct Outcome {
  std::optional<Result> result = std::nullopt;
  std::optional<Error> error = std::nullopt;
};

struct EngineInfo {
  std::string family;     // "english", "multilingual", "turbo" or "nano"
  std::string model;      // as given
  std::string device;     // "cpu", "cuda:0"
  std::string precision;  // "fp32", "bf16"
  int32_t sample_rate = 24000;
  int64_t parameters = 0;  // of all models
  int64_t weight_bytes = 0;
  int64_t max_text_tokens = 0;
  int64_t kv_bytes_per_position = 0;  // KV cache of one row and one position
  double load_seconds = 0;
  bool has_default_voice = false;
  bool watermark = false;                   // speech is marked
  std::vector<std::string> languages = {};  // codes, sorted; empty: the family asks for none
};

// What the memory limit allows, and how much of it is in use. A request takes one row of the KV
// cache, or two with guidance (cfg_weight above 0), and of each row a position for every token of
// its conditioning (34), its text and its max_new_tokens. Rows are made for the longest request
// that the model allows; where the limit is too small for max_batch such requests, for shorter
// ones, and submit() refuses what does not fit.
struct Capacity {
  int64_t rows = 0;
  int64_t positions = 0;     // of each row
  int64_t row_bytes = 0;     // of each row, all positions
  int64_t cache_bytes = 0;   // of all rows. On a CPU a position takes memory once it was used
  int64_t batch_frames = 0;  // mel frames (50 a second) that S3Gen works on at a time; a request
                             // with more works alone
  int64_t rows_in_use = 0;
  int64_t peak_rows = 0;  // most rows that were in use at a time so far
  int64_t running = 0;    // requests that have started and are not done
  int64_t waiting = 0;    // in the queue
  // What a voice begins with, computed once for later requests that have the same voice and
  // exaggeration.
  int64_t prefix_bytes = 0;            // that is kept at most
  int64_t prefix_hits = 0;             // requests that found it
  int64_t prefix_misses = 0;           // requests that had to compute some of it
  int64_t prefix_positions_saved = 0;  // that were found and not computed
};

// A request on its way. Copies share it. Dropping every copy does not cancel it.
class CHATTERBOX_API Job {
 public:
  // Blocks until the end; throws what ended the request. kCancelled after cancel(). May be called
  // again.
  [[nodiscard]] const Result& wait() const;
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds timeout) const;  // false: not done yet
  [[nodiscard]] bool done() const;
  void cancel() const;  // takes effect within one decode step or one Euler step

  class Impl;
  explicit Job(std::shared_ptr<Impl> impl);

 private:
  std::shared_ptr<Impl> impl_;  // never null
};

// A loaded model and the thread that runs it (on CUDA a second one runs S3Gen). Requests queue
// inside and start in the order of submission. What a request gives does not depend on the others:
// not its tokens, its samples, nor its errors. Destroying an engine cancels what is in flight and
// waits for its threads; from a callback, where that cannot be, they end when the callback has
// returned. Voices, jobs and results outlive the engine.
class CHATTERBOX_API ChatterboxEngine {
 public:
  [[nodiscard]] static ChatterboxEngine load(EngineOptions options = {});
  ~ChatterboxEngine();
  ChatterboxEngine(ChatterboxEngine&&) noexcept;
  ChatterboxEngine& operator=(ChatterboxEngine&&) noexcept;

  [[nodiscard]] EngineInfo info() const;
  [[nodiscard]] Capacity capacity() const;
  [[nodiscard]] Voice default_voice() const;  // kNotFound where the model has none
  // A voice that the model ships: NAME.voice in its folder; demo has "low" and "high". kNotFound
  // lists those that are there.
  [[nodiscard]] Voice named_voice(const std::string& name) const;
  // A request without text, with the defaults of the family.
  [[nodiscard]] Request default_request() const;
  // 0.5 s (Turbo and Nano: 5 s) to 10 minutes of finite samples, 8 to 192 kHz, 1 to 8 channels
  // (averaged).
  [[nodiscard]] Voice make_voice(const Audio& recording, const VoiceOptions& options = {}) const;

  [[nodiscard]] Result generate(const Request& request) const;
  // With the defaults of the family.
  [[nodiscard]] Result generate(std::string text) const;
  [[nodiscard]] Result generate(std::string text, const Voice& voice) const;
  // Speaks all of them and blocks until they are done. Each has an outcome of its own, at its own
  // place; one that is refused or fails takes no other along. Waits for room in the queue where
  // there is none, so there may be more requests than max_queue. Throws nothing of the requests'
  // own.
  [[nodiscard]] std::vector<Outcome> generate_batch(const std::vector<Request>& requests) const;
  // Validated here: kInvalidArgument also for a request that no row of the KV cache could hold (see
  // Capacity). kBusy where the queue is full.
  [[nodiscard]] Job submit(Request request) const;

  // Speaks a text of any length up to 16 MB: split at sentences (see LongTextOptions), with
  // "[pause:500ms]" and "[pause:1.5s]" for silence, up to 10 s, many pieces at a time, all with the
  // request's seed. Counts and times of the result are sums, but for the total time, and
  // interventions are left out. A piece that fails ends all. The request's own callbacks are not
  // called.
  [[nodiscard]] Result generate_long(const Request& request,
                                     const LongTextOptions& options = {}) const;

  // The words and the timing of the source in the voice. Result::speech_tokens are the source's.
  [[nodiscard]] Result convert_voice(const Audio& source, const Voice& voice) const;
  [[nodiscard]] Result convert_voice(const Conversion& conversion) const;
  [[nodiscard]] Job submit(Conversion conversion) const;

 private:
  class Impl;
  explicit ChatterboxEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A language of the multilingual models.
struct Language {
  std::string_view code;  // ISO 639-1, "fr"
  std::string_view name;  // "French"
};
// All of them, sorted by code.
[[nodiscard]] CHATTERBOX_API const std::vector<Language>& languages();

// How sure it is that the audio carries the watermark, 0 to 1: above 0.5 it does. Averages the
// channels. kNotFound where the watermark's weights are not installed.
[[nodiscard]] CHATTERBOX_API float detect_watermark(const Audio& audio);

}  // namespace chatterbox

#endif  // CHATTERBOX_CHATTERBOX_HPP
