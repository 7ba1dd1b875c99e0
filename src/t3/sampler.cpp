#include "t3/sampler.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <limits>

namespace chatterbox::t3 {
namespace {

constexpr double kDropped = -std::numeric_limits<double>::infinity();

}  // namespace

at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional,
                 const at::Tensor& weight) {
  return conditional + weight * (conditional - unconditional);
}

at::Tensor penalise_repetition(const at::Tensor& logits, const at::Tensor& seen,
                               const at::Tensor& penalty) {
  const at::Tensor penalised = at::where(logits < 0, logits * penalty, logits / penalty);
  return at::where(seen, penalised, logits);
}

at::Tensor keep_min_p(const at::Tensor& logits, const at::Tensor& min_p) {
  const at::Tensor probabilities = at::softmax(logits, -1);
  const at::Tensor threshold = min_p * probabilities.amax(-1, /*keepdim=*/true);
  return logits.masked_fill(probabilities < threshold, kDropped);
}

at::Tensor keep_top_p(const at::Tensor& logits, const at::Tensor& top_p) {
  const auto [ascending, order] = at::sort(logits, /*dim=*/-1, /*descending=*/false);
  const at::Tensor cumulative = at::softmax(ascending, -1).cumsum(-1);
  at::Tensor drop = (cumulative <= 1.0 - top_p).logical_and_(top_p < 1.0);
  drop.select(-1, drop.size(-1) - 1).fill_(false);  // the likeliest stays
  return logits.masked_fill(drop.scatter(-1, order, drop), kDropped);
}

at::Tensor keep_top_k(const at::Tensor& logits, const at::Tensor& top_k, int64_t most) {
  const int64_t count = std::min(most, logits.size(-1));
  const at::Tensor likeliest = std::get<0>(at::topk(logits, count, -1));  // descending
  const at::Tensor last = likeliest.gather(1, top_k.clamp(1, count) - 1);
  return logits.masked_fill((logits < last).logical_and_(top_k > 0), kDropped);
}

void UsedFilters::add(const SamplingOptions& options) {
  most_top_k = std::max(most_top_k, options.top_k);
  min_p = min_p || options.min_p > 0;
  top_p = top_p || options.top_p < 1;
}

// The penalty comes before the temperature or after the filters.
at::Tensor warp(SamplingFamily family, const at::Tensor& logits, const at::Tensor& seen,
                const WarpOptions& options, const UsedFilters& used) {
  const auto penalised = [&](const at::Tensor& x) {
    return penalise_repetition(x, seen, options.repetition_penalty);
  };
  at::Tensor x = family == SamplingFamily::kGuided ? penalised(logits) : logits;
  x = x / options.temperature;
  if (used.most_top_k > 0) x = keep_top_k(x, options.top_k, used.most_top_k);
  if (used.min_p) x = keep_min_p(x, options.min_p);
  if (used.top_p) x = keep_top_p(x, options.top_p);
  return family == SamplingFamily::kPlain ? penalised(x) : x;
}

int64_t draw(const at::Tensor& probabilities, const at::Generator& generator) {
  return at::multinomial(probabilities.view({1, -1}), 1, /*replacement=*/false, generator)
      .item<int64_t>();
}

}  // namespace chatterbox::t3
