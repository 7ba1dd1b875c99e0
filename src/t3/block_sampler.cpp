#include "t3/block_sampler.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/softmax.h>

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
  const at::Tensor probabilities = at::softmax(logits / temperature, -1);
  return at::multinomial(probabilities, 1, /*replacement=*/false, generator).squeeze(-1);
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
