// The x-vector of S3Gen: CAM++ (arXiv:2303.00332), a small 2-D residual network over the filter
// bank, a densely connected time-delay network with context-aware masks, and statistics pooling.
//
// A batch norm that follows a convolution is folded into it; one that precedes is a scale and a
// shift.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "nn/weight_reader.h"

namespace chatterbox::voice {

struct CamPlus {
  struct Conv {
    at::Tensor weight;
    at::Tensor bias;
  };
  struct Norm {  // relu(x * scale + shift), over the last dimension
    at::Tensor scale;
    at::Tensor shift;
  };
  struct ResBlock {
    Conv conv1, conv2;
    Conv shortcut;  // undefined tensors: the input itself
  };
  struct DenseLayer {
    Norm norm;                // before the bottleneck
    Conv bottleneck;          // [128, channels so far]
    at::Tensor local;         // [growth, 3 * 128], taps one after the other
    Conv context1, context2;  // the mask's two layers
  };
  struct DenseBlock {
    std::vector<DenseLayer> layers;
    int64_t dilation = 1;
    Norm transit_norm;
    at::Tensor transit;  // [half, channels]
  };

  Conv head_conv1, head_conv2;
  std::vector<ResBlock> head_blocks;
  Conv tdnn;
  std::vector<DenseBlock> blocks;
  Norm out_norm;
  Conv dense;  // [192, 2 * channels]
};

// `reader`: the scope "speaker_encoder".
[[nodiscard]] CamPlus load_camplus(const nn::WeightReader& reader);

// The network in parts: what comes before its dense blocks, then each of them.
class XVectorRun {
 public:
  // As of x_vectors().
  XVectorRun(const CamPlus& model, at::Tensor features) : model_(&model), x_(std::move(features)) {}

  bool next();  // the next part; whether it was the last
  [[nodiscard]] at::Tensor vectors() const;

 private:
  const CamPlus* model_;
  at::Tensor x_;
  size_t done_ = 0;
};

// Filter banks of one length, mean over time removed, [B, T, 80] with T >= 3 -> [B, 192].
[[nodiscard]] at::Tensor x_vectors(const CamPlus& model, const at::Tensor& features);

}  // namespace chatterbox::voice
