#include "t3/packed_prefill.h"

#include <ATen/ops/cat.h>

#include <utility>

namespace chatterbox::t3 {
namespace {

std::vector<Prefill::Chunk> chunks_that_fit(const std::vector<const Prefill*>& prompts,
                                            const BatchKVCache& cache) {
  std::vector<Prefill::Chunk> chunks;
  int64_t room = kPackedPositions;
  for (const Prefill* prompt : prompts) {
    Prefill::Chunk chunk = prompt->next_chunk_of_tail(cache);
    room -= chunk.x.size(0);
    if (room < 0) break;
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

}  // namespace

std::vector<at::Tensor> next_chunks(const Model& model, const std::vector<const Prefill*>& prompts,
                                    BatchKVCache& cache, const Probes& probes) {
  const std::vector<Prefill::Chunk> chunks = chunks_that_fit(prompts, cache);
  std::vector<at::Tensor> inputs;
  std::vector<Segment> segments;
  std::vector<int64_t> before;
  for (const Prefill::Chunk& chunk : chunks) {
    inputs.push_back(chunk.x);
    segments.insert(segments.end(), chunk.segments.begin(), chunk.segments.end());
  }
  before.reserve(segments.size());
  for (const Segment& segment : segments) before.push_back(cache.length(segment.row));
  try {
    const at::Tensor all =
        model.logits(model.backbone().extend(at::cat(inputs), segments, cache, probes));
    std::vector<at::Tensor> logits;
    int64_t first = 0;
    for (const Prefill::Chunk& chunk : chunks) {
      const auto rows = static_cast<int64_t>(chunk.segments.size());
      logits.push_back(chunk.last ? all.narrow(0, first, rows) : at::Tensor());
      first += rows;
    }
    return logits;
  } catch (...) {  // maybe after the rows were extended
    for (size_t i = 0; i < segments.size(); ++i) cache.set_length(segments[i].row, before[i]);
    throw;
  }
}

}  // namespace chatterbox::t3
