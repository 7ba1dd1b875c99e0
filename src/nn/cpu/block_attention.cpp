#include "nn/cpu/block_attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "nn/cpu/kernels.h"

namespace chatterbox::nn::cpu {

at::Tensor block_attention(const BlockAttention& args) {
  at::Tensor out = at::empty(args.q.sizes(), args.q.options());
  const int64_t size = args.q.size(1);
  const int64_t heads = size / kHeadSize;
  std::vector<int64_t> first = {0};  // position of each block
  for (const BlockPlace& block : args.blocks) first.push_back(first.back() + block.count);
  const auto* q = args.q.const_data_ptr<float>();
  const auto* k = args.k.const_data_ptr<float>();
  const auto* v = args.v.const_data_ptr<float>();
  const bool rotated = args.cos.defined();
  const auto* cos = rotated ? args.cos.const_data_ptr<float>() : nullptr;
  const auto* sin = rotated ? args.sin.const_data_ptr<float>() : nullptr;
  auto* k_cache = static_cast<Bf16*>(args.k_cache.mutable_data_ptr());
  auto* v_cache = static_cast<Bf16*>(args.v_cache.mutable_data_ptr());
  auto* y = out.mutable_data_ptr<float>();
  const auto tasks = static_cast<int64_t>(args.blocks.size()) * heads;
  at::parallel_for(0, tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto b = static_cast<size_t>(i / heads);
      const int64_t head = i % heads;
      const BlockPlace& block = args.blocks[b];
      const int64_t cache = block.row * args.k_cache.stride(0) + head * args.k_cache.stride(1);
      const int64_t offset = first[b] * size + head * kHeadSize;
      const int64_t angles = rotated ? first[b] * (kHeadSize / 2) : 0;
      kernels().block_attention({q + offset, k + offset, v + offset, cos + angles, sin + angles,
                                 k_cache + cache, v_cache + cache, block.before, block.count, size,
                                 y + offset});
    }
  });
  return out;
}

}  // namespace chatterbox::nn::cpu
