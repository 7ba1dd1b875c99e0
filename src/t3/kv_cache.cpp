#include "t3/kv_cache.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <functional>

#include "nn/cpu/kernels.h"
#include "support/error.h"

namespace chatterbox::t3 {

BatchKVCache::BatchKVCache(int64_t layers, int64_t heads, int64_t rows, int64_t positions,
                           const nn::Placement& placement)
    : lengths_(static_cast<size_t>(rows), 0) {
  const auto options = at::device(placement.device).dtype(placement.dtype);
  k_ = at::empty({layers, rows, heads, positions, nn::cpu::kHeadSize}, options);
  v_ = at::empty_like(k_);
  if (!placement.device.is_cpu()) {  // there masked positions are read too, and must be finite
    k_.zero_();
    v_.zero_();
  }
  for (int64_t row = rows - 1; row >= 0; --row) free_.push_back(row);
}

std::vector<int64_t> BatchKVCache::take(int64_t count) {
  if (count > free_rows()) {
    fail(Status::kBusy, "a sequence needs {} cache rows, {} of {} are free", count, free_rows(),
         rows());
  }
  std::vector<int64_t> taken(free_.rbegin(), free_.rbegin() + count);
  free_.resize(free_.size() - taken.size());
  for (const int64_t row : taken) set_length(row, 0);
  return taken;
}

void BatchKVCache::release(const std::vector<int64_t>& rows) noexcept {
  for (const int64_t row : rows) {  // within the capacity that the constructor made
    free_.insert(std::upper_bound(free_.begin(), free_.end(), row, std::greater<>()), row);
  }
}

void BatchKVCache::copy_row(int64_t to, const BatchKVCache& other, int64_t from, int64_t count) {
  const auto first = [=](const at::Tensor& all, int64_t row) {
    return all.select(1, row).narrow(2, 0, count);
  };
  first(k_, to).copy_(first(other.k_, from));
  first(v_, to).copy_(first(other.v_, from));
  set_length(to, count);
}

int64_t BatchKVCache::bytes() const { return static_cast<int64_t>(k_.nbytes() + v_.nbytes()); }

}  // namespace chatterbox::t3
