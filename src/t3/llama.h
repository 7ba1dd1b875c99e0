// The Llama backbone of the English and multilingual models.
#pragma once

#include "nn/linear.h"
#include "t3/backbone.h"

namespace chatterbox::t3 {

// On a device, layers of one input are joined: qkv, gate_up, and not those that they are made of.
struct LlamaLayer {
  at::Tensor input_norm, post_attention_norm;  // [C], as the activations
  nn::Linear q_proj, k_proj, v_proj, o_proj;   // [C, C]
  nn::Linear gate_proj, up_proj, down_proj;    // [F, C], [F, C], [C, F]
  nn::Linear qkv, gate_up;                     // [3 C, C], [2 F, C]
};

struct LlamaWeights {
  std::vector<LlamaLayer> layers;
  at::Tensor norm;  // [C], as the activations
};

class Llama final : public Backbone {
 public:
  // `positions`: that a row may have.
  Llama(LlamaWeights weights, int64_t positions);

  [[nodiscard]] int64_t layers() const override;
  [[nodiscard]] int64_t heads() const override;
  [[nodiscard]] int64_t positions() const override { return rope_.cos.size(0); }

 private:
  [[nodiscard]] at::Tensor enter(const at::Tensor& x, const at::Tensor& positions) const override;
  [[nodiscard]] std::vector<at::Tensor> qkv(int64_t layer, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor joined_qkv(int64_t layer, const at::Tensor& x) const override;
  void leave(int64_t layer, const at::Tensor& attended, at::Tensor& x) const override;
  [[nodiscard]] at::Tensor norm(const at::Tensor& x) const override;
  [[nodiscard]] const nn::RopeTable& rope() const override { return rope_; }
  [[nodiscard]] at::Tensor rotations(const at::Tensor& positions) const override;

  LlamaWeights weights_;
  nn::RopeTable rope_;
  nn::RopeMatrices rope_matrices_;  // on a device
};

// The tensors below "tfmr".
[[nodiscard]] LlamaWeights load_llama(const nn::WeightReader& reader);

}  // namespace chatterbox::t3
