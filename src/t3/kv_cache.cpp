#include "t3/kv_cache.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <array>
#include <functional>

#include "nn/cpu/kernels.h"
#include "support/error.h"

namespace chatterbox::t3 {
namespace {

// A tensor in memory that it keeps.
at::Tensor over(const std::shared_ptr<const PageMemory>& pages, at::IntArrayRef sizes,
                const at::TensorOptions& options) {
  return at::from_blob(
      pages->data(), sizes, [pages](void*) {}, options);
}

}  // namespace

BatchKVCache::BatchKVCache(int64_t layers, int64_t heads, int64_t rows, int64_t positions,
                           const nn::Placement& placement)
    : lengths_(static_cast<size_t>(rows), 0) {
  const auto options = at::device(placement.device).dtype(placement.dtype);
  const std::array<int64_t, 5> sizes = {layers, rows, heads, positions, nn::cpu::kHeadSize};
  if (placement.device.is_cpu()) {
    const auto bytes =
        static_cast<size_t>(c10::multiply_integers(sizes)) * options.dtype().itemsize();
    k_pages_ = std::make_shared<const PageMemory>(bytes);
    v_pages_ = std::make_shared<const PageMemory>(bytes);
    k_ = over(k_pages_, sizes, options);
    v_ = over(v_pages_, sizes, options);
  } else {
    kv_ = at::empty({layers, rows, 2, heads, positions, nn::cpu::kHeadSize}, options);
    k_ = kv_.select(2, 0);
    v_ = kv_.select(2, 1);
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
  for (const int64_t row : rows) {
    if (k_pages_) give_back(row);
    // Within the capacity that the constructor made.
    free_.insert(std::upper_bound(free_.begin(), free_.end(), row, std::greater<>()), row);
  }
}

void BatchKVCache::give_back(int64_t row) noexcept {
  const auto block = static_cast<size_t>(k_.stride(1)) * k_.itemsize();  // of a row and layer
  for (int64_t layer = 0; layer < k_.size(0); ++layer) {
    const size_t offset = static_cast<size_t>(layer * rows() + row) * block;
    k_pages_->give_back(offset, block);
    v_pages_->give_back(offset, block);
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

void BatchKVCache::zero_row(int64_t row, int64_t count) {
  for (const at::Tensor& all : {k_, v_}) all.select(1, row).narrow(2, 0, count).zero_();
  set_length(row, count);
}

int64_t BatchKVCache::bytes() const { return static_cast<int64_t>(k_.nbytes() + v_.nbytes()); }

}  // namespace chatterbox::t3
