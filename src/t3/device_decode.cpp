// A decode step on a device: few launches, and nothing that waits for the host or depends on it.
#include <ATen/ops/bmm.h>

#include <algorithm>

#include "nn/cpu/kernels.h"
#include "nn/own_step.h"
#include "t3/backbone.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kHead = nn::cpu::kHeadSize;

// qkv [R, 3 H 64] -> [R, 3, H, 64], rotated if there are rotations.
at::Tensor rotated(const at::Tensor& qkv, const at::Tensor& rotations) {
  const int64_t rows = qkv.size(0);
  if (!rotations.defined()) return qkv.view({rows, 3, -1, kHead});
  return at::bmm(qkv.view({3 * rows, -1, kHead}), rotations).view({rows, 3, -1, kHead});
}

bool wants(const StepQueries* queries, int64_t layer) {
  return queries != nullptr &&
         std::binary_search(queries->layers.begin(), queries->layers.end(), layer);
}

}  // namespace

at::Tensor Backbone::decode(const at::Tensor& input, const nn::StepSpan& span,
                            const nn::StepView& view, BatchKVCache& cache,
                            StepQueries* queries) const {
  const nn::cuda::Kernels* own = nn::device_kernels(input.device());
  const at::Tensor turns = own == nullptr ? rotations(span.positions) : at::Tensor();
  at::Tensor x = enter(input, span.positions);
  for (int64_t i = 0; i < layers(); ++i) {
    const at::Tensor qkv = rotated(joined_qkv(i, x), turns);
    const at::Tensor attended = own == nullptr
                                    ? nn::step_attention(qkv, cache.kv(i), span, view)
                                    : nn::rotate_and_attend(*own, qkv, cache.kv(i), span, rope());
    if (wants(queries, i)) queries->of_layers.push_back(qkv.select(1, 0));
    leave(i, attended, x);
  }
  return norm(x);
}

}  // namespace chatterbox::t3
