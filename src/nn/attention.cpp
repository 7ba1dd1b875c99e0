#include "nn/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <optional>

#include "nn/cpu/kernels.h"
#include "nn/rope.h"

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

at::Tensor masked_attention(const CachedAttention& args) {
  constexpr int64_t kHead = cpu::kHeadSize;
  const at::Device device = args.q.device();
  const auto long_on_device = at::device(device).dtype(at::kLong);
  const at::Tensor rows = at::tensor(args.rows).to(device);
  const at::Tensor positions = at::tensor(args.positions).to(device);
  const int64_t batch = args.q.size(0);
  const int64_t heads = args.q.size(1) / kHead;
  const auto split = [&](const at::Tensor& x) { return x.view({batch, heads, kHead}); };
  const auto rotate = [&](const at::Tensor& x) {
    if (!args.cos.defined()) return split(x);
    const at::Tensor cos = args.cos.index_select(0, positions).unsqueeze(1);  // [R, 1, 32]
    const at::Tensor sin = args.sin.index_select(0, positions).unsqueeze(1);
    return apply_rope(split(x), cos, sin);
  };
  const auto type = args.k_cache.scalar_type();
  const at::Tensor q = rotate(args.q).to(type).unsqueeze(2);
  // One position of each row: advanced indices around the heads' dimension give [R, H, 64].
  const auto write = [&](const at::Tensor& cache, const at::Tensor& values) {
    cache.transpose(1, 2).index_put_({rows, positions}, values.to(type));
  };
  write(args.k_cache, rotate(args.k));
  write(args.v_cache, split(args.v));
  // Beyond a row's own positions the cache holds anything, NaN too, and 0 * NaN is NaN: there the
  // row's last position is read in their place.
  const int64_t longest = *std::max_element(args.positions.begin(), args.positions.end()) + 1;
  const at::Tensor all = at::arange(longest, long_on_device).unsqueeze(0);
  const at::Tensor last = positions.unsqueeze(1);
  const at::Tensor own = at::minimum(all, last);  // [R, longest]
  const auto read = [&](const at::Tensor& cache) {
    const at::Tensor by_position = cache.transpose(1, 2);
    return at::index(by_position, {rows.unsqueeze(1), own}).transpose(1, 2);
  };
  const at::Tensor mask = (all <= last).view({batch, 1, 1, longest});
  const at::Tensor out =
      at::scaled_dot_product_attention(q, read(args.k_cache), read(args.v_cache), mask);
  return out.reshape({batch, heads * kHead}).to(args.q.scalar_type());
}

at::Tensor cached_attention(const CachedAttention& args) {
  return args.q.is_cpu() ? cpu::attention(args) : masked_attention(args);
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
