#include "t3/attention_probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>

#include "nn/cpu/kernels.h"

namespace chatterbox::t3 {
namespace {

// One query [64] to the keys [n, 64] that it sees -> [n]. A product and a sum for each key: its
// bits depend on nothing but the row.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k) {
  const at::Tensor scores = (k.to(at::kFloat) * q.to(at::kFloat)).sum(-1);
  return at::softmax(scores / std::sqrt(static_cast<double>(nn::cpu::kHeadSize)), -1);
}

}  // namespace

bool AttentionProbe::reads(int64_t layer) const {
  return std::any_of(heads_.begin(), heads_.end(),
                     [=](const AlignmentHead& head) { return head.layer == layer; });
}

void AttentionProbe::read(int64_t layer, const at::Tensor& q, const at::Tensor& k) {
  const int64_t queries = q.size(1);
  const int64_t before = k.size(1) - queries;  // positions that precede the first query's
  for (size_t i = 0; i < heads_.size(); ++i) {
    if (heads_[i].layer != layer) continue;
    const at::Tensor head_q = q[heads_[i].head];
    const at::Tensor head_k = k[heads_[i].head];
    std::vector<at::Tensor> rows;
    for (int64_t query = 0; query < queries; ++query) {
      const at::Tensor seen = head_k.narrow(0, 0, before + query + 1);
      rows.push_back(attend(head_q[query], seen).narrow(0, text_.first, text_.tokens));
    }
    attention_[i] = at::stack(rows);
  }
}

at::Tensor AttentionProbe::attention() const { return at::stack(attention_).to(at::kCPU); }

std::vector<float> AttentionProbe::mean() const {
  const at::Tensor mean = attention().mean(0).contiguous();
  const auto* data = mean.const_data_ptr<float>();
  return {data, data + mean.numel()};
}

}  // namespace chatterbox::t3
