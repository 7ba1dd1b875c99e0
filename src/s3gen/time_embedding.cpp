#include "s3gen/time_embedding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/silu.h>

#include <cmath>

namespace chatterbox::s3gen {
namespace {

at::Tensor rates_of(int64_t count) {
  constexpr double kMaxWavelength = 10000.0;  // of the sinusoids
  const at::Tensor exponents =
      at::arange(count, at::kFloat) * (-std::log(kMaxWavelength) / static_cast<double>(count - 1));
  // In double: the last bit of a float32 exponential depends on the CPU.
  return at::exp(exponents.to(at::kDouble)).to(at::kFloat);
}

}  // namespace

TimeEmbedding read_time_embedding(const nn::WeightReader& reader) {
  TimeEmbedding embedding;
  embedding.inner = nn::read_linear(reader, "linear_1", -1, -1);
  const int64_t size = embedding.inner.outputs();
  embedding.outer = nn::read_linear(reader, "linear_2", size, size);
  embedding.rates = rates_of(embedding.inner.inputs() / 2).to(reader.placement().device);
  return embedding;
}

at::Tensor embed_times(const TimeEmbedding& embedding, const at::Tensor& times,
                       const at::TensorOptions& options) {
  constexpr double kTimeScale = 1000.0;  // matcha/decoder.py, SinusoidalPosEmb
  const at::Tensor angles = at::mul(times.mul(kTimeScale).unsqueeze(1), embedding.rates);
  const at::Tensor sinusoids = at::cat({angles.sin(), angles.cos()}, 1).to(options);
  return nn::linear(at::silu(nn::linear(sinusoids, embedding.inner)), embedding.outer);
}

}  // namespace chatterbox::s3gen
