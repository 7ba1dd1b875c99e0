// What an engine is made with, and what it then is. Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/log.h"

namespace chatterbox {

// The numbers of all enums are the C ABI's.
// In which type weights are kept and multiplied. See the C header for what each means for a stage.
enum class Precision : int32_t { kFp32 = 1, kBf16 = 2, kInt8 = 3, kAuto = 4 };

// How requests share the engine.
enum class Mode : int32_t {
  kSequential = 0,  // one request at a time
  // Takes what waits, max_batch requests at most, and takes no more until all of them are done.
  kBatch = 1,
  // Requests join the running ones and leave them between two steps: continuous batching.
  kDynamic = 2,
};

// The families of models. A folder that holds the files of one of them is recognised by their
// names.
enum class Family : int32_t {
  kEnglish = 1,
  // The second version where there is more than one, as the Python package does by default.
  kMultilingual = 2,
  kMultilingualV2 = 3,
  kMultilingualV3 = 4,
  kTurbo = 5,
  kNano = 6,
  kFlash = 7,
};

// Whether speech gets the inaudible Perth watermark.
enum class Watermark : int32_t {
  kAuto = 0,  // where its weights are found
  kOn = 1,    // loading fails where they are not
  kOff = 2,
};

// How the weights get into memory.
enum class Weights : int32_t {
  kMapped = 0,  // the files are mapped, and read when they are first used
  kRead = 1,    // read when the model is loaded; the files may then change or go
  kLocked = 2,  // read, and kept in physical memory; fails where the system does not allow it
};

// A file of a model that is not on disk.
struct NamedBytes {
  std::string name;  // as in a folder: "t3_cfg.safetensors"
  std::string bytes;
};

struct EngineOptions {
  // A checkpoint folder, or "demo": a small model that is installed with the library and speaks
  // English. Where `files` are given, a name for messages.
  std::string model = "demo";
  std::vector<NamedBytes> files = {};           // the model's, in place of a folder
  std::string s3gen = {};                       // a file in place of the model's own; empty: none
  std::optional<Family> family = std::nullopt;  // unset: the one whose files are there
  std::string device = "auto";  // "cpu", "cuda", "cuda:N", or "auto" (cuda where there is one)
  std::optional<Precision> precision = std::nullopt;        // see the C header
  std::optional<Precision> t3_precision = std::nullopt;     // unset: `precision`
  std::optional<Precision> s3gen_precision = std::nullopt;  // see the C header
  std::optional<Precision> kv_cache = std::nullopt;         // fp32 or bf16; unset: fp32 where T3 is
  Weights weights = Weights::kMapped;
  std::optional<int32_t> threads = std::nullopt;  // 1 to 1024; unset: see runtime/cores.h
  int32_t max_queue = 64;                         // requests that may wait, 1 to 65536
  int64_t max_queue_bytes = int64_t{1} << 30;     // of what waiting requests hold, at least 1 MiB
  LogCallback log = nullptr;
  LogLevel log_level = LogLevel::kWarning;
  // Require that a request gives the same bits alone and in any batch. On a CPU that always holds.
  // On CUDA it makes the engine run one request at a time.
  bool deterministic = false;
  Mode mode = Mode::kDynamic;
  // Requests that draw tokens at a time, 1 to 256; unset: 8 on a CPU, on a device as many as the
  // memory limit has rows for.
  std::optional<int32_t> max_batch = std::nullopt;
  // Requests that are spoken in chunks at a time, 1 to 256; unset: as many as can be spoken as fast
  // as they are heard, by the times that work has taken.
  std::optional<int32_t> max_streams = std::nullopt;
  // Bytes beside the weights, for the KV cache (three quarters, on a device with what a decode step
  // works on), the prefix cache (a sixteenth, 512 MiB at most) and the work on a batch (the rest);
  // unset: half of what is free on the device
  // once the model is loaded.
  std::optional<int64_t> memory_limit = std::nullopt;
  Watermark watermark = Watermark::kAuto;
};

// What a request takes where it does not say: the family's own, as in the Python package.
struct RequestDefaults {
  float temperature = 0.8F;
  float cfg_weight = 0.5F;
  float exaggeration = 0.5F;
  float min_p = 0.05F;
  float top_p = 1.0F;
  float repetition_penalty = 1.2F;
  int32_t max_new_tokens = 1000;
  int32_t cfm_steps = 10;
  int32_t top_k = 0;
  bool analyze_alignment = false;
};

struct EngineInfo {
  std::string family;           // "english", "multilingual", "turbo", "nano" or "flash"
  std::string model;            // as given
  std::string device;           // "cpu", "cuda:0"
  std::string precision;        // as asked, or the default: "fp32", "bf16", "int8" or "auto"
  std::string t3_precision;     // what was taken: "fp32", "bf16" or "int8"
  std::string s3gen_precision;  // the same
  std::string kv_cache;         // "fp32" or "bf16"
  std::string t3_kernels;       // what multiplies: "int8 avx512-vnni", "fp32 avx2"
  std::string s3gen_kernels;    // "bf16 avx512-bf16", "fp32 libtorch"
  int32_t sample_rate = 24000;
  int32_t threads = 1;     // CPU threads that compute
  int64_t parameters = 0;  // of all models
  int64_t weight_bytes = 0;
  int64_t max_text_tokens = 0;
  int64_t kv_bytes_per_position = 0;  // KV cache of one row and one position
  double load_seconds = 0;
  bool has_default_voice = false;
  bool watermark = false;                   // speech is marked
  bool quantised = false;                   // T3's matrices are stored in int8
  bool fills_blocks = false;                // T3 draws speech in blocks
  bool meanflow = false;                    // S3Gen's flow takes few steps, without guidance
  std::vector<std::string> languages = {};  // codes, sorted; empty: the family asks for none
  std::vector<std::string> voices = {};     // that the model ships by name, sorted
  RequestDefaults defaults = {};
};

}  // namespace chatterbox
