#include "t3/embedder.h"

#include <ATen/ops/tensor.h>

#include "nn/linear.h"

namespace chatterbox::t3 {

at::Tensor look_up(const at::Tensor& table, const std::vector<int64_t>& ids) {
  const at::Tensor rows = table.index_select(0, at::tensor(ids, at::kLong).to(table.device()));
  return rows.to(nn::activation_type({table.device(), table.scalar_type()}));
}

at::Tensor speaker_tensor(const VoiceKey& voice, const nn::Placement& placement) {
  return at::tensor(voice.speaker_emb, at::kFloat)
      .view({1, -1})
      .to(placement.device, nn::activation_type(placement));
}

}  // namespace chatterbox::t3
