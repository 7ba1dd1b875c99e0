// How the estimator knows the time of a step of the flow: sinusoids through a two-layer perceptron.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/linear.h"

namespace chatterbox::s3gen {

struct TimeEmbedding {
  nn::Linear inner, outer;  // [E, sinusoids], [E, E]
  at::Tensor rates;         // of the sinusoids, [sinusoids / 2], fp32
};

[[nodiscard]] TimeEmbedding read_time_embedding(const nn::WeightReader& reader);
// times [S], fp32, in [0, 1], where the model is -> [S, E], in the activations' type.
[[nodiscard]] at::Tensor embed_times(const TimeEmbedding& embedding, const at::Tensor& times,
                                     const at::TensorOptions& options);

}  // namespace chatterbox::s3gen
