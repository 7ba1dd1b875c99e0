#include "runtime/memory_plan.h"

#include <algorithm>

#include "support/error.h"

namespace chatterbox::runtime {
namespace {

// Requests at a time, where nobody says how many: a CPU's arithmetic is full with these. A device's
// is not with 256 (see max_batch in engine/validate_options.cpp).
constexpr int64_t kRequestsOnCpu = 8;
constexpr int64_t kMostRequests = 256;
constexpr int64_t kRoomOfUsual = 2;  // then a row is for a request so many times as long as usual
// For the KV cache. The rest is for the work on a batch, but for what is kept of voices.
constexpr int64_t kCacheShare = 3;
constexpr int64_t kShares = 4;
constexpr int64_t kPrefixShares = 16;                    // of which it gets one, ...
constexpr int64_t kMaxPrefixBytes = int64_t{512} << 20;  // ... some twenty voices at most
// Frozen prompts get one of these. A voice of 3 s takes 690 MB at the official size in fp32 (10
// steps, 2 rows of guidance, 56 blocks, 150 frames of 1024 keys and values), half of it in bf16, a
// tenth with a mean flow.
constexpr int64_t kPromptShares = 16;
// 34 positions of conditioning, 1000 speech tokens, which is the default of max_new_tokens and the
// length that the models were trained on, and as much text as is spoken in that time.
constexpr int64_t kUsualPositions = 1536;
constexpr int64_t kLeastPositions = 256;
constexpr int64_t kLeastRows = 2;  // of one request with guidance
// What S3Gen holds for a mel frame is most in HiFT's last stage: about ten tensors of 120 positions
// and 64 channels in fp32 (the vocoder is never bf16), and as much again in the stages before.
constexpr int64_t kFrameBytes = int64_t{2} * 10 * 120 * 64 * 4;

// The graphs of decode steps get one of these, but no more than so many: of 256 requests there are
// 17 pairs of rows and sequences, and of 4096 positions 10 kinds, of which a few are at work at a
// time.
constexpr int64_t kGraphShares = 32;
constexpr int64_t kMostGraphs = 64;

// One more is there while it is recorded.
int64_t planned_graphs(int64_t limit, const MemoryNeeds& needs) {
  if (needs.graph_bytes == 0) return 0;
  return std::clamp<int64_t>(limit / kGraphShares / needs.graph_bytes - 1, 0, kMostGraphs);
}

int64_t cache_share(int64_t limit) { return limit / kShares * kCacheShare; }

// With what a step works on.
int64_t row_bytes(int64_t positions, const MemoryNeeds& needs) {
  return positions * (needs.position_bytes + needs.step_position_bytes) + needs.step_row_bytes;
}

int64_t default_requests(int64_t limit, const MemoryNeeds& needs, const BatchNeeds& batch) {
  if (!batch.on_device) return kRequestsOnCpu;
  const int64_t positions = std::min(kRoomOfUsual * kUsualPositions, needs.max_positions);
  const int64_t request = batch.rows_of_request * row_bytes(positions, needs);
  return std::clamp(cache_share(limit) / request, kRequestsOnCpu, kMostRequests);
}

}  // namespace

CacheLimits plan_memory(int64_t limit, MemoryNeeds needs, const BatchNeeds& batch) {
  const int64_t requests = batch.requests.value_or(default_requests(limit, needs, batch));
  needs.max_rows = requests * batch.rows_of_request;
  CacheLimits limits = plan_memory(limit, needs);
  limits.requests = requests;
  return limits;
}

CacheLimits plan_memory(int64_t limit, const MemoryNeeds& needs) {
  const int64_t cache = cache_share(limit);
  const int64_t position = needs.position_bytes + needs.step_position_bytes;
  const auto row = [&](int64_t positions) { return row_bytes(positions, needs); };
  const int64_t usual = std::min(kUsualPositions, needs.max_positions);
  const int64_t rows =
      std::clamp(cache / row(usual), std::min(kLeastRows, needs.max_rows), needs.max_rows);
  CacheLimits limits;
  limits.rows = rows;
  limits.positions =
      std::min(needs.max_positions, (cache / rows - needs.step_row_bytes) / position);
  if (limits.positions < std::min(kLeastPositions, needs.max_positions)) {
    const int64_t least = kLeastRows * row(kLeastPositions);
    fail(Status::kOutOfMemory,
         "{} bytes of memory are too few: the KV cache of a short request takes {}, for which the "
         "memory limit must be at least {}",
         limit, least, least / kCacheShare * kShares + kShares);
  }
  limits.row_bytes = limits.positions * needs.position_bytes;
  limits.prefix_bytes = std::min(limit / kPrefixShares, kMaxPrefixBytes);
  limits.prompt_bytes = limit / kPromptShares;
  limits.graphs = planned_graphs(limit, needs);
  const int64_t graphs = limits.graphs > 0 ? (limits.graphs + 1) * needs.graph_bytes : 0;
  limits.batch_frames = std::max<int64_t>(
      1, (limit - cache - limits.prefix_bytes - limits.prompt_bytes - graphs) / kFrameBytes);
  return limits;
}

}  // namespace chatterbox::runtime
