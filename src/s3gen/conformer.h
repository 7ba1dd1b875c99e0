// The conformer of S3Gen (Gulati et al., 2020) as it was trained: without the convolution module
// and without the first feed-forward module, so attention with relative positions, then
// feed-forward.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "s3gen/frame_mask.h"
#include "s3gen/relative_attention.h"

namespace chatterbox::s3gen {

struct ConformerLayer {
  nn::LayerNorm attention_norm;
  RelativeAttention attention;
  nn::LayerNorm feed_forward_norm;
  nn::Linear inner, outer;  // [F, C], [C, F]
};

struct FrameConformer;

struct Conformer {
  nn::Linear embed;  // [C, C]
  nn::LayerNorm embed_norm;
  at::Tensor position_rates;  // see position_rates()
  std::vector<ConformerLayer> layers;
  // In bfloat16, on a CPU that multiplies it: the layers, which then are not above.
  std::shared_ptr<const FrameConformer> frames;
};

// `embed` and `layers`: what the checkpoint calls the two parts.
[[nodiscard]] Conformer read_conformer(const nn::WeightReader& reader, std::string_view embed,
                                       std::string_view layers, int64_t size);

// What comes before the layers: projected, normalised and scaled by sqrt(C). x [B, T, C]
[[nodiscard]] at::Tensor embed(const Conformer& conformer, const at::Tensor& x);
// x [B, T, C], of the frames of `mask`.
[[nodiscard]] at::Tensor run_layers(const Conformer& conformer, at::Tensor x,
                                    const FrameMask& mask);

}  // namespace chatterbox::s3gen
