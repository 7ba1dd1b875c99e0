#include "nn/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#include <limits>
#include <optional>

#include "nn/cpu/kernels.h"

namespace chatterbox::nn {
namespace {

// The queries from `first` on.
at::Tensor attend(const at::Tensor& qkv, const at::Tensor& padding, int64_t first) {
  if (qkv.is_cpu() && qkv.scalar_type() == at::kFloat && !padding.defined()) {
    return cpu::self_attention(qkv, first);
  }
  // three times [B, H, T, 64]
  const at::Tensor heads = qkv.unflatten(2, {3, -1, cpu::kHeadSize}).permute({2, 0, 3, 1, 4});
  const at::Tensor out = at::scaled_dot_product_attention(
      heads[0].narrow(2, first, qkv.size(1) - first), heads[1], heads[2],
      padding.defined() ? std::optional(padding) : std::nullopt);
  return out.transpose(1, 2).flatten(2);
}

}  // namespace

at::Tensor cached_attention(const CachedAttention& args) { return cpu::attention(args); }

// Beyond a row's own positions the cache holds anything, NaN too, and 0 * NaN is NaN: there the
// row's last position is read in their place.
StepView step_view(const StepSpan& span, c10::ScalarType type) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const at::TensorOptions options = span.rows.options();
  const at::Tensor all = at::arange(span.longest, options).unsqueeze(0);
  const at::Tensor last = span.positions.unsqueeze(1);
  const at::Tensor mask = at::zeros({span.rows.size(0), span.longest}, options.dtype(type));
  mask.masked_fill_(all > last, kNever);
  return {at::minimum(all, last), mask.unsqueeze(1).unsqueeze(1)};
}

at::Tensor step_attention(const at::Tensor& qkv, const at::Tensor& cache, const StepSpan& span,
                          const StepView& view) {
  const int64_t batch = qkv.size(0), heads = qkv.size(2), size = qkv.size(3);
  const auto type = cache.scalar_type();
  const at::Tensor by_position = cache.flatten(1, 2).transpose(1, 2);  // [rows, positions, 2 H, 64]
  by_position.index_put_({span.rows, span.positions}, qkv.narrow(1, 1, 2).flatten(1, 2).to(type));
  const at::Tensor own = at::index(by_position, {span.rows.unsqueeze(1), view.seen})
                             .to(qkv.scalar_type())
                             .unflatten(2, {2, heads});  // [R, P, 2, H, 64]
  const auto part = [&](int64_t index) { return own.select(2, index).transpose(1, 2); };
  const at::Tensor out =
      at::scaled_dot_product_attention(qkv.select(1, 0).unsqueeze(2), part(0), part(1), view.mask);
  return out.reshape({batch, heads * size});
}

bool attends_in_blocks(const at::Tensor& cache) {
  return cache.is_cpu() && cache.scalar_type() == at::kBFloat16;
}

at::Tensor self_attention(const at::Tensor& qkv, const at::Tensor& padding,
                          const at::Tensor& before) {
  if (before.defined()) {
    const int64_t seen = before.size(1), size = before.size(2) / 2;
    // What stands where queries of the frames before would is never read.
    at::Tensor all = at::empty({qkv.size(0), seen + qkv.size(1), 3 * size}, qkv.options());
    all.narrow(1, 0, seen).narrow(2, size, 2 * size).copy_(before);
    all.narrow(1, seen, qkv.size(1)).copy_(qkv);
    return attend(all, padding, seen);
  }
  return attend(qkv, padding, 0);
}

}  // namespace chatterbox::nn
