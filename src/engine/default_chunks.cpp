#include "engine/default_chunks.h"

#include <algorithm>

#include "engine/scheduling/chunk_plan.h"

namespace chatterbox::engine {

std::vector<int64_t> default_chunks(const runtime::StreamPlan& plan, std::optional<int64_t> block) {
  // The exact halo keeps back ten tokens: of 12, two would be heard.
  std::vector<int64_t> chunks = {25, 50, 100};
  if (!plan.exact_halo) chunks.insert(chunks.begin(), 12);
  if (!block) return chunks;
  int64_t due = std::max(plan.right_tokens, kMinChunkTokens);  // with so many tokens, the last one
  for (int64_t& chunk : chunks) {
    int64_t next = (due + chunk + *block / 2) / *block * *block;  // the nearest end of a block
    while (next < due + kMinChunkTokens) next += *block;
    chunk = next - due;
    due = next;
  }
  return chunks;
}

}  // namespace chatterbox::engine
