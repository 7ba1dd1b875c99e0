// A decode step on a device: few launches, and nothing that waits for the host or depends on it.
#include <ATen/ops/bmm.h>

#include <algorithm>

#include "nn/cpu/kernels.h"
#include "t3/backbone.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kHead = nn::cpu::kHeadSize;

// qkv [R, 3 H 64] -> [R, 3, H, 64], rotated.
at::Tensor rotated(const at::Tensor& qkv, const at::Tensor& rotations) {
  const int64_t rows = qkv.size(0);
  if (!rotations.defined()) return qkv.view({rows, 3, -1, kHead});
  return at::bmm(qkv.view({3 * rows, -1, kHead}), rotations).view({rows, 3, -1, kHead});
}

// What the rows of the step attended to in a layer, by those that watch. qkv [R, 3, H, 64]
void read(const Probes& probes, int64_t layer, const at::Tensor& qkv, const DecodePlan& plan,
          const BatchKVCache& cache) {
  for (AttentionProbe* probe : probes) {
    const auto found = std::find(plan.rows.begin(), plan.rows.end(), probe->row());
    if (found == plan.rows.end() || !probe->reads(layer)) continue;
    const auto r = found - plan.rows.begin();
    const int64_t positions = plan.positions[static_cast<size_t>(r)] + 1;
    probe->read(layer, qkv[r][0].unsqueeze(1),
                cache.k(layer)[probe->row()].narrow(1, 0, positions));
  }
}

}  // namespace

at::Tensor Backbone::decode_on_device(const at::Tensor& input, const DecodePlan& plan,
                                      BatchKVCache& cache, const Probes& probes) const {
  const nn::StepPlaces places =
      nn::step_places(plan.cache_rows, plan.cache_positions, plan.longest, input.scalar_type());
  const at::Tensor turns = rotations(plan.cache_positions);
  at::Tensor x = enter(input, plan.cache_positions);
  for (int64_t i = 0; i < layers(); ++i) {
    const at::Tensor qkv = rotated(joined_qkv(i, x), turns);
    const at::Tensor attended = nn::step_attention(qkv, cache.kv(i), places);
    read(probes, i, qkv, plan, cache);
    leave(i, attended, x);
  }
  for (size_t r = 0; r < plan.rows.size(); ++r) {
    cache.set_length(plan.rows[r], plan.positions[r] + 1);
  }
  return norm(x);
}

}  // namespace chatterbox::t3
