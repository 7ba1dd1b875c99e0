// What an engine is made with, and what it tells of itself: part of <chatterbox/chatterbox.hpp>.
#ifndef CHATTERBOX_CPP_OPTIONS_HPP
#define CHATTERBOX_CPP_OPTIONS_HPP

#include <array>
#include <chatterbox/cpp/core.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox {
inline namespace abi0 {

enum class Precision : int32_t {
  kFp32 = CHATTERBOX_PRECISION_FP32,
  kBf16 = CHATTERBOX_PRECISION_BF16
};

// How requests share the engine.
enum class Mode : int32_t {
  kSequential = CHATTERBOX_MODE_SEQUENTIAL,  // one request at a time
  // Takes what waits, max_batch requests at most, and takes no more until all of them are done.
  kBatch = CHATTERBOX_MODE_BATCH,
  // Requests join the running ones and leave them between two steps: continuous batching.
  kDynamic = CHATTERBOX_MODE_DYNAMIC,
};

enum class Family : int32_t {
  kEnglish = CHATTERBOX_FAMILY_ENGLISH,
  kMultilingual = CHATTERBOX_FAMILY_MULTILINGUAL,  // the second version where there are several
  kMultilingualV2 = CHATTERBOX_FAMILY_MULTILINGUAL_V2,
  kMultilingualV3 = CHATTERBOX_FAMILY_MULTILINGUAL_V3,
  kTurbo = CHATTERBOX_FAMILY_TURBO,
  kNano = CHATTERBOX_FAMILY_NANO,
};

// Whether speech gets the inaudible Perth watermark, which a WatermarkDetector finds.
enum class Watermark : int32_t {
  kAuto = CHATTERBOX_WATERMARK_AUTO,  // where its weights are found
  kOn = CHATTERBOX_WATERMARK_ON,      // loading fails where they are not
  kOff = CHATTERBOX_WATERMARK_OFF,
};

// How the weights get into memory.
enum class Weights : int32_t {
  kMapped = CHATTERBOX_WEIGHTS_MAPPED,  // the files must not be written to while the engine lives
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
// `tag`: of the request that the message is about; 0 where it is about none. An exception from it
// is swallowed.
using LogCallback = std::function<void(LogLevel, uint64_t tag, std::string_view message)>;

// A file of a model that is in memory. The bytes are copied by ChatterboxEngine::load().
struct MemoryFile {
  std::string name;  // as in a published folder: "t3_cfg.safetensors"
  const void* data = nullptr;
  size_t size = 0;
};

// What is not set is the library's choice: see chatterbox_engine_options, also for ranges.
struct EngineOptions {
  // A checkpoint folder as published, or "demo". Where `files` are given, a name for messages.
  std::string model = "demo";
  std::vector<MemoryFile> files = {};           // the model's, in place of a folder
  std::string s3gen = {};                       // a file in place of its S3Gen; empty: its own
  std::optional<Family> family = std::nullopt;  // unset: the one whose files are there
  std::string device = "auto";  // "cpu", "cuda", "cuda:N", or "auto" (cuda where there is one)
  std::optional<Precision> precision = std::nullopt;  // unset: fp32 on a CPU, bf16 on CUDA
  Weights weights = Weights::kMapped;
  std::optional<int32_t> threads = std::nullopt;  // unset: one for each physical core
  Mode mode = Mode::kDynamic;
  int32_t max_batch = 8;                       // requests that draw tokens at a time
  int32_t max_queue = 64;                      // requests that may wait
  int64_t max_queue_bytes = int64_t{1} << 30;  // of text and recordings that they hold
  // Bytes beside the weights; unset: half of what is free once the model is loaded.
  std::optional<int64_t> memory_limit = std::nullopt;
  bool deterministic = false;
  Watermark watermark = Watermark::kAuto;
  LogCallback log = nullptr;  // called from any thread, never two at once; may be empty
  LogLevel log_level = LogLevel::kWarning;
};

// What a request takes where it does not say: the family's own, as in the Python package.
struct RequestDefaults {
  float temperature = 0, cfg_weight = 0, exaggeration = 0, min_p = 0, top_p = 0,
        repetition_penalty = 0;
  int32_t max_new_tokens = 0, cfm_steps = 0, top_k = 0;
  bool analyze_alignment = false;
};

struct EngineInfo {
  std::string family;       // "english", "multilingual", "turbo" or "nano"
  std::string model;        // as given
  std::string device;       // "cpu", "cuda:0"
  std::string precision;    // "fp32", "bf16"
  int32_t sample_rate = 0;  // of results, Hz
  int32_t threads = 0;      // CPU threads that compute
  bool has_default_voice = false;
  bool watermark = false;             // speech is marked
  bool meanflow = false;              // S3Gen takes few Euler steps, and no guidance
  int64_t parameters = 0;             // of all models
  int64_t weight_bytes = 0;           // on the device
  int64_t max_text_tokens = 0;        // of one request, with start and stop
  int64_t kv_bytes_per_position = 0;  // KV cache of one row and one position
  double load_seconds = 0;
  std::vector<std::string> languages = {};  // codes, sorted; empty: the family asks for none
  std::vector<std::string> voices = {};     // that the model ships by name, sorted
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
// All of them, sorted by code.
[[nodiscard]] inline std::vector<Language> languages() {
  std::vector<Language> all;
  for (uint64_t i = 0; i < chatterbox_language_count(); ++i) {
    all.push_back({chatterbox_language_code(i), chatterbox_language_name(i)});
  }
  return all;
}

}  // namespace abi0
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_OPTIONS_HPP
