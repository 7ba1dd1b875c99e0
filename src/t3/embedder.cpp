#include "t3/embedder.h"

#include <ATen/ops/tensor.h>

#include "nn/linear.h"

namespace chatterbox::t3 {

at::Tensor Embedder::speech(const std::vector<int64_t>& tokens,
                            const std::vector<int64_t>& indices) const {
  return speech(at::tensor(tokens, at::kLong).to(device()),
                at::tensor(speech_places(indices), at::kLong).to(device()));
}

std::vector<int64_t> speech_places(const std::vector<int64_t>& indices) {
  std::vector<int64_t> places;
  places.reserve(indices.size());
  for (const int64_t index : indices) places.push_back(index + 1);
  return places;
}

at::Tensor look_up(const at::Tensor& table, const std::vector<int64_t>& ids) {
  return look_up(table, at::tensor(ids, at::kLong).to(table.device()));
}

at::Tensor look_up(const at::Tensor& table, const at::Tensor& ids) {
  return table.index_select(0, ids).to(nn::activation_type({table.device(), table.scalar_type()}));
}

at::Tensor speaker_tensor(const VoiceKey& voice, const nn::Placement& placement) {
  return at::tensor(voice.speaker_emb, at::kFloat)
      .view({1, -1})
      .to(placement.device, nn::activation_type(placement));
}

}  // namespace chatterbox::t3
