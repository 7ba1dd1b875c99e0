#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>

#include "engine/validate.h"
#include "support/error.h"
#include "support/ranges.h"

namespace chatterbox::engine {
namespace {

void check_no_nul(const char* name, const std::string& value) {
  if (const auto nul = value.find('\0'); nul != std::string::npos) {
    fail(Status::kInvalidArgument, "{} must not contain NUL, got one at byte {}", name, nul);
  }
}

void check_word(const char* name, const std::string& value) {
  if (value.empty()) fail(Status::kInvalidArgument, "{} must not be empty", name);
  check_no_nul(name, value);
}

template <class Enum>
void check_enum(const char* name, Enum value, Enum min, Enum max) {
  check_range(name, static_cast<int32_t>(value), static_cast<int32_t>(min),
              static_cast<int32_t>(max));
}

void check_precision(const char* name, std::optional<Precision> value, const char* kinds,
                     std::initializer_list<Precision> allowed) {
  if (!value || std::find(allowed.begin(), allowed.end(), *value) != allowed.end()) return;
  fail(Status::kInvalidArgument, "{} must be {}, got {}", name, kinds,
       static_cast<int32_t>(*value));
}

void check_precisions(const EngineOptions& options) {
  constexpr Precision kFp32 = Precision::kFp32, kBf16 = Precision::kBf16, kInt8 = Precision::kInt8,
                      kAuto = Precision::kAuto;
  constexpr const char* kAll = "1 (fp32), 2 (bf16), 3 (int8) or 4 (auto)";
  check_precision("precision", options.precision, kAll, {kFp32, kBf16, kInt8, kAuto});
  check_precision("t3_precision", options.t3_precision, kAll, {kFp32, kBf16, kInt8, kAuto});
  check_precision("s3gen_precision", options.s3gen_precision, kAll, {kFp32, kBf16, kInt8, kAuto});
  check_precision("kv_cache", options.kv_cache, "1 (fp32) or 2 (bf16)", {kFp32, kBf16});
}

void check_at_least(const char* name, int64_t value, int64_t min) {
  if (value < min)
    fail(Status::kInvalidArgument, "{} must be at least {}, got {}", name, min, value);
}

}  // namespace

void validate_options(const EngineOptions& options) {
  check_word("model", options.model);
  for (const NamedBytes& file : options.files) check_word("the name of a file", file.name);
  check_no_nul("s3gen", options.s3gen);
  check_word("device", options.device);
  check_precisions(options);
  if (options.family) check_enum("family", *options.family, Family::kEnglish, Family::kNano);
  check_enum("weights", options.weights, Weights::kMapped, Weights::kLocked);
  check_enum("watermark", options.watermark, Watermark::kAuto, Watermark::kOff);
  if (options.threads) check_range("threads", *options.threads, 1, 1024);
  check_range("max_queue", options.max_queue, 1, 65536);
  check_at_least("max_queue_bytes", options.max_queue_bytes, int64_t{1} << 20);
  check_enum("log_level", options.log_level, LogLevel::kDebug, LogLevel::kOff);
  check_enum("mode", options.mode, Mode::kSequential, Mode::kDynamic);
  // 256 requests with guidance are 512 rows: by then the weights are long read in parts (on a CPU),
  // or are no more than a small share of a step (on a GPU).
  if (options.max_batch) check_range("max_batch", *options.max_batch, 1, 256);
  if (options.max_streams) check_range("max_streams", *options.max_streams, 1, 256);
  if (options.memory_limit) check_at_least("memory_limit", *options.memory_limit, 1);
}

}  // namespace chatterbox::engine
