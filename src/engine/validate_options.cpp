#include <string>

#include "engine/validate.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

void check_word(const char* name, const std::string& value) {
  if (value.empty()) fail(Status::kInvalidArgument, "{} must not be empty", name);
  if (const auto nul = value.find('\0'); nul != std::string::npos) {
    fail(Status::kInvalidArgument, "{} must not contain NUL, got one at byte {}", name, nul);
  }
}

void check_range(const char* name, int32_t value, int32_t least, int32_t most) {
  if (value >= least && value <= most) return;
  fail(Status::kInvalidArgument, "{} must be in [{}, {}], got {}", name, least, most, value);
}

}  // namespace

void validate_options(const EngineOptions& options) {
  check_word("model", options.model);
  check_word("device", options.device);
  if (options.precision && *options.precision != Precision::kFp32 &&
      *options.precision != Precision::kBf16) {
    fail(Status::kInvalidArgument, "precision must be {} (fp32) or {} (bf16), got {}",
         static_cast<int32_t>(Precision::kFp32), static_cast<int32_t>(Precision::kBf16),
         static_cast<int32_t>(*options.precision));
  }
  if (options.family) {
    check_range("family", static_cast<int32_t>(*options.family), CHATTERBOX_FAMILY_ENGLISH,
                CHATTERBOX_FAMILY_NANO);
  }
  check_range("watermark", static_cast<int32_t>(options.watermark), CHATTERBOX_WATERMARK_AUTO,
              CHATTERBOX_WATERMARK_OFF);
  check_range("threads", options.threads, 0, 1024);
  check_range("max_queue", options.max_queue, 1, 65536);
  check_range("log_level", static_cast<int32_t>(options.log_level), CHATTERBOX_LOG_DEBUG,
              CHATTERBOX_LOG_OFF);
  check_range("mode", static_cast<int32_t>(options.mode), CHATTERBOX_MODE_SEQUENTIAL,
              CHATTERBOX_MODE_DYNAMIC);
  // 256 requests with guidance are 512 rows: by then the weights are long read in parts (on a CPU),
  // or are no more than a small share of a step (on a GPU).
  check_range("max_batch", options.max_batch, 1, 256);
  if (options.memory_limit < 0) {
    fail(Status::kInvalidArgument, "memory_limit must be at least 0, got {}", options.memory_limit);
  }
}

}  // namespace chatterbox::engine
