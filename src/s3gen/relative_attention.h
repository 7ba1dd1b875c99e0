// Self-attention with relative positions (Dai et al., Transformer-XL, 2019, section 3.3): a key's
// score depends on what it holds and on how far it stands from the query.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/linear.h"

namespace chatterbox::s3gen {

struct RelativeAttention {
  nn::Linear query, key, value, out;  // [C, C]
  nn::Linear position;                // [C, C], without bias
  at::Tensor content_bias;            // [H, 64], "u" of the paper
  at::Tensor position_bias;           // [H, 64], "v" of the paper
};

[[nodiscard]] RelativeAttention read_relative_attention(const nn::WeightReader& reader,
                                                        int64_t size);

// How fast the sinusoids of positions turn, [C / 2], fp32, on the CPU.
[[nodiscard]] at::Tensor position_rates(int64_t size);
// Sinusoids of the distances T - 1, ..., 0, ..., 1 - T of query from key, [2 T - 1, C]: made where
// the rates are.
[[nodiscard]] at::Tensor relative_positions(int64_t frames, const at::Tensor& rates,
                                            c10::ScalarType type = at::kFloat);

// x [B, T, C], positions [2 T - 1, C]; `padding` [B, 1, 1, T]: 0 for keys that count, -inf for
// others, undefined where all count.
[[nodiscard]] at::Tensor attend(const RelativeAttention& attention, const at::Tensor& x,
                                const at::Tensor& positions, const at::Tensor& padding);

}  // namespace chatterbox::s3gen
