// The GPT-2 backbone of Turbo and Nano.
#pragma once

#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "t3/backbone.h"

namespace chatterbox::t3 {

struct Gpt2Layer {
  nn::LayerNorm ln_1, ln_2;  // [C]
  nn::Linear qkv;            // [3 C, C], c_attn
  nn::Linear q, k, v;        // [C, C], its thirds
  nn::Linear attn_proj;      // [C, C]
  nn::Linear fc, mlp_proj;   // [F, C], [C, F]
};

struct Gpt2Weights {
  at::Tensor positions;  // wpe, [positions, C]
  std::vector<Gpt2Layer> layers;
  nn::LayerNorm norm;  // [C]
};

class Gpt2 final : public Backbone {
 public:
  explicit Gpt2(Gpt2Weights weights) : weights_(std::move(weights)) {}

  [[nodiscard]] int64_t layers() const override;
  [[nodiscard]] int64_t heads() const override;
  [[nodiscard]] int64_t positions() const override { return weights_.positions.size(0); }

 private:
  [[nodiscard]] at::Tensor enter(const at::Tensor& x, const at::Tensor& positions) const override;
  [[nodiscard]] std::vector<at::Tensor> qkv(int64_t layer, const at::Tensor& x) const override;
  [[nodiscard]] at::Tensor joined_qkv(int64_t layer, const at::Tensor& x) const override;
  void leave(int64_t layer, const at::Tensor& attended, at::Tensor& x) const override;
  [[nodiscard]] at::Tensor norm(const at::Tensor& x) const override;
  [[nodiscard]] const nn::RopeTable& rope() const override { return not_rotated_; }
  [[nodiscard]] at::Tensor rotations(const at::Tensor& /*positions*/) const override { return {}; }

  Gpt2Weights weights_;
  nn::RopeTable not_rotated_;
};

// The tensors below "tfmr". Its linear layers are stored [in, out]; here they are [out, in].
[[nodiscard]] Gpt2Weights load_gpt2(const nn::WeightReader& reader);

}  // namespace chatterbox::t3
