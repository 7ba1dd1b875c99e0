#include "t3/step_attention_probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/index.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <cmath>

#include "nn/cpu/kernels.h"

namespace chatterbox::t3 {

// As AttentionProbe attends, but for the positions that a row has not, whose weights are zero.
at::Tensor watched_attention(const StepInput& in, const nn::StepView& view,
                             const BatchKVCache& cache, const StepQueries& queries) {
  const auto& [slot, layer, head] = in.watched;  // [B, heads]
  const auto wide = [](const at::Tensor& index) { return index.unsqueeze(-1); };
  const at::Tensor q = at::index(at::stack(queries.of_layers), {slot, wide(in.first_row), head})
                           .to(at::kFloat);                                      // [B, heads, 64]
  const at::Tensor seen = view.seen.index_select(0, in.first_row).unsqueeze(1);  // [B, 1, P]
  const at::Tensor k =
      at::index(cache.keys(), {wide(layer), wide(wide(in.conditional)), wide(head), seen})
          .to(at::kFloat);  // [B, heads, P, 64]
  const at::Tensor scores =
      (k * q.unsqueeze(2)).sum(-1) / std::sqrt(static_cast<double>(nn::cpu::kHeadSize));
  const at::Tensor mask = view.mask.index_select(0, in.first_row).squeeze(1);  // [B, 1, P]
  return at::softmax(scores + mask, -1, at::kFloat).mean(1);
}

}  // namespace chatterbox::t3
