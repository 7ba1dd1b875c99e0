#include "t3/block_sampler.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/DistributionsHelper.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/softmax.h>

#include "support/error.h"

namespace chatterbox::t3 {
namespace {

template <class T>
std::vector<T> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  const T* first = flat.const_data_ptr<T>();
  return {first, first + flat.numel()};
}

// [L]
at::Tensor draw_ids(const at::Tensor& logits, float temperature, const at::Generator& generator) {
  if (temperature <= 0) return at::argmax(logits, -1);
  return draw_each(at::softmax(logits / temperature, -1), generator);
}

// The place of the largest p / e among `count` probabilities, e = -log(1 - u) with random u. As e
// is no less than u, only where p / u could be the largest is the logarithm taken.
int64_t draw_one(const float* p, int64_t count, at::CPUGeneratorImpl* random) {
  constexpr double kRounding = 1 - 1e-6;  // and more, of p / e
  const at::uniform_real_distribution<double> uniform(0, 1);
  int64_t place = -1;
  float highest = -1;
  for (int64_t i = 0; i < count; ++i) {
    const double u = uniform(random);
    if (static_cast<double>(p[i]) < static_cast<double>(highest) * kRounding * u) continue;
    const float share = p[i] / static_cast<float>(at::transformation::exponential(u, 1.0));
    if (!(share > highest)) continue;
    highest = share;
    place = i;
  }
  if (place < 0) fail(Status::kInternal, "the probabilities of a token are not finite");
  return place;
}

// Of Gumbel's distribution, [L].
at::Tensor draw_noise(int64_t size, const at::Generator& generator) {
  constexpr double kLeast = 1e-10;
  const at::Tensor uniform = at::rand({size}, generator, at::TensorOptions(at::kFloat));
  return -((-((uniform + kLeast).log()) + kLeast).log());
}

}  // namespace

at::Tensor guided_log_probabilities(const at::Tensor& conditional, const at::Tensor& unconditional,
                                    float weight) {
  const at::Tensor with = at::log_softmax(conditional, -1);
  const at::Tensor without = at::log_softmax(unconditional, -1);
  return with + weight * (with - without);
}

at::Tensor draw_each(const at::Tensor& probabilities, const at::Generator& generator) {
  const at::Tensor rows = probabilities.contiguous();
  const int64_t count = rows.size(1);
  const auto* first = rows.const_data_ptr<float>();
  auto* random = at::check_generator<at::CPUGeneratorImpl>(generator);
  at::Tensor ids = at::empty({rows.size(0)}, at::kLong);
  auto* to = ids.mutable_data_ptr<int64_t>();
  for (int64_t r = 0; r < rows.size(0); ++r) to[r] = draw_one(first + r * count, count, random);
  return ids;
}

at::Tensor pointwise_information(const at::Tensor& probabilities, const at::Tensor& ids,
                                 const at::Tensor& prior) {
  constexpr double kLeast = 1e-8;
  const at::Tensor likely = probabilities.gather(1, ids.unsqueeze(1)).squeeze(1);
  return likely.clamp_min(kLeast).log() - prior.index_select(0, ids).clamp_min(kLeast).log();
}

Proposal propose(const at::Tensor& logits, const at::Tensor& prior, const SamplingOptions& sampling,
                 const BlockOptions& options, const at::Generator& generator) {
  const bool guided = logits.size(0) > 1;
  const float weight = sampling.cfg_weight;
  const at::Tensor drawn_from =
      guided ? guided_log_probabilities(logits[0], logits[1], weight) : logits[0];
  const at::Tensor ids = draw_ids(drawn_from, sampling.temperature, generator);
  const auto score = [&](const at::Tensor& row) {
    const at::Tensor probabilities = at::softmax(row, -1);
    return pointwise_information(probabilities, ids,
                                 prior.defined() ? prior : probabilities.mean(0));
  };
  at::Tensor scores = score(logits[0]);
  if (guided) scores = (1 + weight) * scores - weight * score(logits[1]);
  Proposal proposal{values<int64_t>(ids), values<float>(scores), {}};
  if (options.position_noise) {
    proposal.noise = values<float>(draw_noise(ids.size(0), generator));
  } else {
    proposal.noise.assign(proposal.scores.size(), 0);
  }
  return proposal;
}

}  // namespace chatterbox::t3
