#include "t3/device_sampler.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "t3/own_sampler.h"
#include "t3/special_tokens.h"
#include "t3/stream_analysis.h"

namespace chatterbox::t3 {
namespace {

// As at::transformation::exponential() makes them.
at::Tensor exponentials(const at::Tensor& uniform) {
  return uniform.neg().log1p_().neg_().to(at::kFloat);
}

// What StreamAnalysis::observe() does to one row.
void intervene(const StepInput& in, at::Tensor& logits) {
  at::Tensor stop = logits.narrow(1, kStopSpeech, 1);
  stop.masked_fill_(in.suppressed, -kCertain);
  logits.masked_fill_(in.forced, -kCertain);
  stop.masked_fill_(in.forced, kCertain);
}

}  // namespace

DeviceSampler::DeviceSampler(int64_t rows, int64_t vocabulary, SamplingFamily family,
                             c10::Device device)
    : family_(family),
      logits_(at::zeros({rows, vocabulary}, at::device(device).dtype(at::kFloat))),
      seen_(at::zeros({rows, vocabulary}, at::device(device).dtype(at::kBool))) {}

void DeviceSampler::start(const std::vector<int64_t>& rows, const at::Tensor& logits) {
  for (size_t i = 0; i < rows.size(); ++i) {
    logits_[rows[i]].copy_(logits[static_cast<int64_t>(i)]);
  }
  at::Tensor seen = seen_[rows.front()];
  seen.fill_(false);
  seen[kStartSpeech].fill_(true);  // the reference penalises the start of speech as a generated id
}

DeviceSampler::Drawn DeviceSampler::draw(const StepInput& in, const StepKind& kind) const {
  if (const nn::cuda::Kernels* own = nn::device_kernels(logits_.device())) {
    Drawn drawn{at::empty({kind.sequences}, in.conditional.options()),
                at::empty({kind.sequences}, in.guidance.options()),
                {}};
    draw_by_kernel(*own, tensors(drawn), in, exponentials(in.uniform));
    return drawn;
  }
  at::Tensor logits = guide(logits_.index_select(0, in.conditional),
                            logits_.index_select(0, in.unconditional), in.guidance);
  Drawn drawn;
  drawn.sums = logits.sum(-1);
  if (kind.analysed) intervene(in, logits);
  drawn.seen = seen_.index_select(0, in.conditional);
  const at::Tensor scores = warp(family_, logits, drawn.seen, in.warping, kind.filters);
  const at::Tensor shares = at::softmax(scores, -1) / exponentials(in.uniform);
  drawn.tokens = at::argmax(at::where(in.greedy, scores, shares), -1);
  if (family_ == SamplingFamily::kPlain) {  // the first draw alone penalises the start of speech
    at::Tensor start = drawn.seen.narrow(1, kStartSpeech, 1);
    start.masked_fill_(in.first_draw, false);
  }
  drawn.seen.scatter_(1, drawn.tokens.unsqueeze(1), true);
  return drawn;
}

SamplerTensors DeviceSampler::tensors(const Drawn& drawn) const {
  return {family_, logits_, seen_, drawn.tokens, drawn.sums};
}

// The last of a step's work, so that one that fails before has changed nothing here.
void DeviceSampler::keep(const StepInput& in, const Drawn& drawn, const at::Tensor& logits) {
  if (drawn.seen.defined()) {
    seen_.index_copy_(0, in.conditional, drawn.seen);
  } else {
    mark_by_kernel(*nn::device_kernels(logits_.device()), tensors(drawn), in);
  }
  logits_.index_copy_(0, in.rows, logits);
}

at::Tensor DeviceSampler::logits(const std::vector<int64_t>& rows) const {
  std::vector<at::Tensor> wanted;
  wanted.reserve(rows.size());
  for (const int64_t row : rows) wanted.push_back(logits_[row]);
  return at::stack(wanted);
}

}  // namespace chatterbox::t3
