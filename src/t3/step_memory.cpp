#include "t3/step_memory.h"

#include <algorithm>

#include "nn/cpu/kernels.h"
#include "nn/device_kernels.h"
#include "t3/model.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kFp32 = 4, kFp64 = 8, kIndex = 8;
constexpr int64_t kHead = nn::cpu::kHeadSize;
// Nodes of a layer and of a step besides: the budgets of tests/device/t3_budgets_test.cpp.
constexpr int64_t kNodesOfALayer = 12, kNodesOfAStep = 84;
// Assumed: others report about 8 MB for graphs of some 400 nodes.
constexpr int64_t kNodeBytes = 24 << 10;

struct Sizes {
  int64_t heads, width, vocabulary;
  int64_t active, cached;  // bytes of a number
  bool own_kernels;
};

// Where operators attend: keys and values of the row as they are in the cache, the same in the
// queries' type, the copy of them that attention may make, scores and shares of each head, and
// where they are in the cache.
int64_t attended_bytes(const Sizes& s) {
  const int64_t both = 2 * s.width;
  const int64_t widened = s.active == s.cached ? 0 : both * s.active;
  return both * s.cached + widened + both * s.active + 3 * s.heads * kFp32 + 3 * kIndex;
}

// Of three heads that are watched, after that: their keys, the same in fp32, and products; scores.
int64_t watched_bytes(const Sizes& s) {
  constexpr int64_t kWatched = 3;
  return kWatched * (kHead * (s.cached + 2 * kFp32) + 4 * kFp32) + 3 * kIndex;
}

// A share of what the chunks of nn/cuda/decode_attention.h hand on.
int64_t chunk_bytes(const Sizes& s) { return s.heads * (kHead + 2) * kFp32 / nn::cuda::kChunk + 1; }

// Of each id, what the sampler makes of a row that is a sequence of its own: random numbers, which
// come from the host for each kind of steps, and are changed on the way; by operators logits that
// are guided, warped and sorted with their indices, sums, shares, and flags.
int64_t sampler_bytes(const Sizes& s) {
  constexpr int64_t kRandom = 3 * kFp64 + kFp32;
  constexpr int64_t kOperators = kIndex + 10 * kFp32 + 4;
  return s.vocabulary * (s.own_kernels ? kRandom : kRandom + kOperators);
}

// In widths: the row, three of queries, keys and values, as many when they are rotated, what is
// attended to, its norm, eight for the gates, four for what they let pass. By operators, the
// rotations of a row. The logits, in fp32, too.
int64_t row_bytes(const Sizes& s) {
  constexpr int64_t kWidths = 21;
  const int64_t rotations = s.own_kernels ? 0 : 3 * kHead * kHead;
  return (kWidths * s.width + rotations + s.vocabulary) * s.active + s.vocabulary * kFp32 +
         sampler_bytes(s);
}

}  // namespace

StepMemory step_memory(const Model& model) {
  const c10::Device device = model.placement().device;
  if (device.is_cpu() || model.limits().fills_blocks()) return {};
  const int64_t heads = model.backbone().heads(), layers = model.backbone().layers();
  const Sizes sizes{heads,
                    heads * kHead,
                    model.limits().speech_vocabulary,
                    static_cast<int64_t>(c10::elementSize(nn::activation_type(model.placement()))),
                    static_cast<int64_t>(c10::elementSize(model.cache_placement().dtype)),
                    nn::device_kernels(device) != nullptr};
  const int64_t position = sizes.own_kernels ? chunk_bytes(sizes) : attended_bytes(sizes);
  const int64_t watched =
      model.limits().sampling == SamplingFamily::kGuided ? watched_bytes(sizes) : 0;
  return {row_bytes(sizes), std::max(position, watched),
          (layers * kNodesOfALayer + kNodesOfAStep) * kNodeBytes};
}

}  // namespace chatterbox::t3
