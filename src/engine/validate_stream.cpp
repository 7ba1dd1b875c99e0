#include <algorithm>

#include "engine/scheduling/chunk_plan.h"
#include "engine/validate.h"
#include "support/error.h"
#include "support/ranges.h"

namespace chatterbox::engine {
namespace {

constexpr uint64_t kMaxChunks = 32;
constexpr int32_t kMaxChunkTokens = 4096;  // max_new_tokens is no more
constexpr int32_t kMaxLeftTokens = 500;
// S3Gen's encoder looks three tokens ahead; more than ten beyond these change little.
constexpr int32_t kMinRightTokens = 3, kMaxRightTokens = 13;
constexpr int32_t kMaxSlackTokens = 10;

template <class Enum>
void check_choice(const char* name, Enum value, Enum max) {
  check_range(name, static_cast<int32_t>(value), 0, static_cast<int32_t>(max));
}

}  // namespace

void validate_chunk_count(uint64_t count) {
  if (count > kMaxChunks) {
    fail(Status::kInvalidArgument, "chunks must have at most {} sizes, got {}", kMaxChunks, count);
  }
}

void validate_stream(const JobOptions& job, const std::optional<NoiseLayout>& noise) {
  check_choice("stream", job.stream, StreamMode::kPieces);
  if (noise) check_choice("noise", *noise, NoiseLayout::kByFrame);
  if (job.stream != StreamMode::kChunks) return;
  if (noise == NoiseLayout::kReference) {
    fail(
        Status::kInvalidArgument,
        "noise must be by frame, or not set, for what streams in chunks: the reference's needs the "
        "whole speech");
  }
  const StreamOptions& options = job.stream_options;
  validate_chunk_count(options.chunks.size());
  for (const int32_t tokens : options.chunks) {
    check_range("the tokens of a chunk", tokens, static_cast<int32_t>(kMinChunkTokens),
                kMaxChunkTokens);
  }
  check_range("left_tokens", options.left_tokens, 0, kMaxLeftTokens);
  check_range("right_tokens", options.right_tokens, kMinRightTokens, kMaxRightTokens);
  check_range("condition_tokens", options.condition_tokens, 0, options.left_tokens);
  check_range("slack_tokens", options.slack_tokens, 0, kMaxSlackTokens);
  check_choice("halo", options.halo, Halo::kLowLatency);
  check_choice("prompt", options.prompt, StreamPrompt::kFrozen);
}

}  // namespace chatterbox::engine
