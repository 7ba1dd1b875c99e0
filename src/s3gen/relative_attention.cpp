#include "s3gen/relative_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/stack.h>

#include <cmath>

#include "s3gen/sizes.h"
#include "support/interruption.h"

namespace chatterbox::s3gen {
namespace {

constexpr double kMaxWavelength = 10000.0;

// [B, T, C] -> [B, H, T, 64]
at::Tensor split_heads(const at::Tensor& x) {
  return x.unflatten(-1, {-1, kHeadSize}).transpose(1, 2);
}

// Queries at a time: scores of all of a long recording would take gigabytes.
constexpr int64_t kQueryBlock = 512;

// Scores by distance of the queries from `first` on, [B, H, Q, 2 T - 1], to scores by key,
// [B, H, Q, T]: key j of query i, counted from the first of all, stands at T - 1 - i + j. A view.
at::Tensor by_key(const at::Tensor& scores, int64_t first) {
  const int64_t frames = (scores.size(3) + 1) / 2;
  std::vector<int64_t> strides = scores.strides().vec();
  strides[2] -= 1;
  return scores.as_strided({scores.size(0), scores.size(1), scores.size(2), frames}, strides,
                           scores.storage_offset() + frames - 1 - first);
}

}  // namespace

RelativeAttention read_relative_attention(const nn::WeightReader& reader, int64_t size) {
  const nn::Placement& placement = reader.placement();
  const nn::WeightReader biases = reader.with({placement.device, nn::activation_type(placement)});
  RelativeAttention a;
  a.query = nn::read_linear(reader, "linear_q", size, size);
  a.key = nn::read_linear(reader, "linear_k", size, size);
  a.value = nn::read_linear(reader, "linear_v", size, size);
  a.out = nn::read_linear(reader, "linear_out", size, size);
  a.position = nn::read_linear(reader, "linear_pos", size, size, nn::Bias::kNo);
  a.content_bias = biases.get("pos_bias_u", {size / kHeadSize, kHeadSize});
  a.position_bias = biases.get("pos_bias_v", {size / kHeadSize, kHeadSize});
  return a;
}

at::Tensor position_rates(int64_t size) {
  const at::Tensor exponents =
      at::arange(0, size, 2, at::kFloat) * (-std::log(kMaxWavelength) / static_cast<double>(size));
  // In double: the last bit of a float32 exponential depends on the CPU, and a distance of a
  // thousand frames makes it a thousand times larger.
  return at::exp(exponents.to(at::kDouble)).to(at::kFloat);
}

at::Tensor relative_positions(int64_t frames, const at::Tensor& rates, c10::ScalarType type) {
  const at::Tensor distance = at::arange(frames - 1, -frames, -1, rates.options()).unsqueeze(1);
  const at::Tensor angle = at::mul(distance, rates);
  return at::stack({angle.sin(), angle.cos()}, 2).flatten(1).to(type);
}

at::Tensor attend(const RelativeAttention& attention, const at::Tensor& x,
                  const at::Tensor& positions, const at::Tensor& padding) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(kHeadSize));
  const std::vector<at::Tensor> qkv =
      nn::linear(x, {&attention.query, &attention.key, &attention.value});
  const at::Tensor queries = qkv[0].unflatten(-1, {-1, kHeadSize});  // [B, T, H, 64]
  const at::Tensor keys = split_heads(qkv[1]), values = split_heads(qkv[2]);
  const at::Tensor distances = split_heads(nn::linear(positions, attention.position).unsqueeze(0));
  std::vector<at::Tensor> heads;  // [B, H, Q, 64]
  int64_t first = 0;
  for (const at::Tensor& query : queries.split(kQueryBlock, 1)) {
    interruption_point();
    const at::Tensor by_distance =
        at::matmul(query.add(attention.position_bias).transpose(1, 2), distances.transpose(2, 3));
    at::Tensor scores = by_key(by_distance, first).mul(scale);
    if (padding.defined()) scores.add_(padding);
    heads.push_back(at::scaled_dot_product_attention(
        query.add(attention.content_bias).transpose(1, 2), keys, values, scores, /*dropout_p=*/0.0,
        /*is_causal=*/false, scale));
    first += query.size(1);
  }
  return nn::linear(at::cat(heads, 2).transpose(1, 2).reshape(x.sizes()), attention.out);
}

}  // namespace chatterbox::s3gen
