// Options of an engine, and what it reports about itself. Include <chatterbox/chatterbox.hpp>, not
// this file.
#ifndef CHATTERBOX_CPP_OPTIONS_HPP
#define CHATTERBOX_CPP_OPTIONS_HPP

#include <array>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/list.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox {
inline namespace abi1 {

// In which type weights are kept and multiplied; see the C header for what each means for a stage.
enum class Precision : int32_t {
  kFp32 = CHATTERBOX_PRECISION_FP32,
  kBf16 = CHATTERBOX_PRECISION_BF16,
  kInt8 = CHATTERBOX_PRECISION_INT8,  // on a CPU
  kAuto = CHATTERBOX_PRECISION_AUTO,  // what is fastest here
};

// How requests share the engine.
enum class Mode : int32_t {
  kSequential = CHATTERBOX_MODE_SEQUENTIAL,  // one request at a time
  // Starts up to max_batch waiting requests, and no more until all of them are done.
  kBatch = CHATTERBOX_MODE_BATCH,
  // Requests join and leave the running batch between two steps: continuous batching.
  kDynamic = CHATTERBOX_MODE_DYNAMIC,
};

enum class Family : int32_t {
  kEnglish = CHATTERBOX_FAMILY_ENGLISH,
  kMultilingual = CHATTERBOX_FAMILY_MULTILINGUAL,  // version 2 if there are several
  kMultilingualV2 = CHATTERBOX_FAMILY_MULTILINGUAL_V2,
  kMultilingualV3 = CHATTERBOX_FAMILY_MULTILINGUAL_V3,
  kTurbo = CHATTERBOX_FAMILY_TURBO,
  kNano = CHATTERBOX_FAMILY_NANO,
  kFlash = CHATTERBOX_FAMILY_FLASH,
};

// Whether speech gets the inaudible Perth watermark, which a WatermarkDetector finds.
enum class Watermark : int32_t {
  kAuto = CHATTERBOX_WATERMARK_AUTO,  // on if its weights are found
  kOn = CHATTERBOX_WATERMARK_ON,      // loading fails if they are not
  kOff = CHATTERBOX_WATERMARK_OFF,
};

// How the weights are brought into memory.
enum class Weights : int32_t {
  kMapped = CHATTERBOX_WEIGHTS_MAPPED,  // nobody may write to the files while the engine exists
  kRead = CHATTERBOX_WEIGHTS_READ,      // the files may change once the model is loaded
  kLocked = CHATTERBOX_WEIGHTS_LOCKED,  // read, and kept in physical memory (mlock)
};

enum class LogLevel : int32_t {
  kDebug = CHATTERBOX_LOG_DEBUG,
  kInfo = CHATTERBOX_LOG_INFO,
  kWarning = CHATTERBOX_LOG_WARNING,
  kError = CHATTERBOX_LOG_ERROR,
  kOff = CHATTERBOX_LOG_OFF,
};
// `tag`: that of the request that the message is about, or 0 if there is none. Exceptions are
// ignored.
using LogCallback = std::function<void(LogLevel, uint64_t tag, std::string_view message)>;

// A file of a model in memory. ChatterboxEngine::load() copies the bytes.
struct MemoryFile {
  std::string name;  // as in a published folder: "t3_cfg.safetensors"
  const void* data = nullptr;
  size_t size = 0;
};

// For options that are not set, the library chooses: see chatterbox_engine_options, also for
// ranges.
struct EngineOptions {
  // A checkpoint folder as published, or "demo". If `files` are given, a name for messages.
  std::string model = "demo";
  std::vector<MemoryFile> files = {};           // the model's files, instead of a folder
  std::string s3gen = {};                       // a file to use as S3Gen; empty: the model's own
  std::optional<Family> family = std::nullopt;  // unset: recognised by the files
  std::string device = "auto";  // "cpu", "cuda", "cuda:N", or "auto" (CUDA if available)
  // unset: fp32 on a CPU, bf16 on CUDA, int8 for a quantised folder
  std::optional<Precision> precision = std::nullopt;
  std::optional<Precision> t3_precision = std::nullopt;     // unset: `precision`
  std::optional<Precision> s3gen_precision = std::nullopt;  // unset: `precision`, int8: auto
  std::optional<Precision> kv_cache = std::nullopt;         // fp32 or bf16; unset: fp32 if T3 is
  Weights weights = Weights::kMapped;
  std::optional<int32_t> threads = std::nullopt;  // unset: one for each physical core
  Mode mode = Mode::kDynamic;
  // How many requests may draw tokens at a time; unset: 8 on a CPU, on CUDA as many as memory
  // allows.
  std::optional<int32_t> max_batch = std::nullopt;
  // How many requests may stream in chunks at a time; unset: as many as the engine keeps up with.
  std::optional<int32_t> max_streams = std::nullopt;
  int32_t max_queue = 64;                      // how many requests may wait
  int64_t max_queue_bytes = int64_t{1} << 30;  // for their texts and recordings
  // Bytes of memory beside the weights; unset: half of what is free once the model is loaded.
  std::optional<int64_t> memory_limit = std::nullopt;
  bool deterministic = false;
  Watermark watermark = Watermark::kAuto;
  LogCallback log = nullptr;  // called from any thread, never two at once; may be empty
  LogLevel log_level = LogLevel::kWarning;
};

// The family's defaults for options that a request leaves unset, as in the Python package.
struct RequestDefaults {
  float temperature = 0, cfg_weight = 0, exaggeration = 0, min_p = 0, top_p = 0,
        repetition_penalty = 0;
  int32_t max_new_tokens = 0, cfm_steps = 0, top_k = 0;
  bool analyze_alignment = false;
};

// The strings and lists belong to the engine and are valid until it is destroyed.
struct EngineInfo {
  std::string_view family;           // "english", "multilingual", "turbo", "nano" or "flash"
  std::string_view model;            // as given
  std::string_view device;           // "cpu", "cuda:0"
  std::string_view precision;        // as given, or the default: "fp32", "bf16", "int8", "auto"
  std::string_view t3_precision;     // in use: "fp32", "bf16", "int8"
  std::string_view s3gen_precision;  // in use: "fp32", "bf16", "int8"
  std::string_view kv_cache;         // in use: "fp32", "bf16"
  std::string_view t3_kernels;       // number format and instructions: "int8 avx512-vnni"
  std::string_view s3gen_kernels;    // "bf16 avx512-bf16", "fp32 libtorch"
  int32_t sample_rate = 0;           // of results, Hz
  int32_t threads = 0;               // CPU threads for computation
  bool has_default_voice = false;
  bool watermark = false;             // speech is marked
  bool quantised = false;             // T3 is stored in int8: see quantise_model()
  bool meanflow = false;              // S3Gen takes few Euler steps, without guidance
  int64_t parameters = 0;             // of all models together
  int64_t weight_bytes = 0;           // on the device
  int64_t max_text_tokens = 0;        // of one request, including start and stop
  int64_t kv_bytes_per_position = 0;  // KV cache for one position of one row
  double load_seconds = 0;
  List<std::string_view> languages = {};  // codes, sorted; empty: the family needs no language
  List<std::string_view> voices = {};     // names of those that come with the model, sorted
  RequestDefaults defaults = {};
};

// The C structs are plain and complete as they are.
using Limits = chatterbox_limits;
using Metrics = chatterbox_metrics;

// A language of the multilingual models.
struct Language {
  std::string_view code;  // ISO 639-1, "fr"
  std::string_view name;  // "French"
};

namespace detail {

// All engines speak of the same languages.
[[nodiscard]] inline Language get_language(const void* /*none*/, uint64_t index) {
  return {chatterbox_language_code(index), chatterbox_language_name(index)};
}

}  // namespace detail

// All languages, sorted by code. Valid as long as the library is loaded.
[[nodiscard]] inline List<Language> languages() noexcept {
  const void* const none = nullptr;
  return List<Language>::of<detail::get_language>(none, chatterbox_language_count());
}

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_OPTIONS_HPP
