// The attention keys and values of all running sequences, allocated once. On a CPU a position takes
// physical memory from the time that it is written until its row is released.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "nn/placement.h"
#include "t3/page_memory.h"

namespace chatterbox::t3 {

class BatchKVCache {
 public:
  BatchKVCache(int64_t layers, int64_t heads, int64_t rows, int64_t positions,
               const nn::Placement& placement);

  // The lowest free rows, their lengths 0. Throws kBusy where fewer are free.
  [[nodiscard]] std::vector<int64_t> take(int64_t count);
  // What the rows hold is lost, on a CPU; elsewhere it stays until it is overwritten, and nobody
  // reads it (see nn/attention.h).
  void release(const std::vector<int64_t>& rows) noexcept;

  [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(lengths_.size()); }
  [[nodiscard]] int64_t free_rows() const { return static_cast<int64_t>(free_.size()); }
  [[nodiscard]] int64_t positions() const { return k_.size(3); }
  [[nodiscard]] int64_t bytes() const;

  // Positions that hold live keys; the next one is written there.
  [[nodiscard]] int64_t length(int64_t row) const { return lengths_[static_cast<size_t>(row)]; }
  void set_length(int64_t row, int64_t length) { lengths_[static_cast<size_t>(row)] = length; }

  // Gives row `to`, in place of what it holds, the first `count` positions of another cache's row.
  void copy_row(int64_t to, const BatchKVCache& other, int64_t from, int64_t count);

  // The same with keys and values of zero.
  void zero_row(int64_t row, int64_t count);

  [[nodiscard]] c10::Device device() const { return k_.device(); }
  // [rows, H, positions, 64]
  [[nodiscard]] at::Tensor k(int64_t layer) const { return k_[layer]; }
  [[nodiscard]] at::Tensor v(int64_t layer) const { return v_[layer]; }
  [[nodiscard]] const at::Tensor& keys() const { return k_; }  // [layers, rows, H, positions, 64]
  // Both, on a device, [rows, 2, H, positions, 64].
  [[nodiscard]] at::Tensor kv(int64_t layer) const { return kv_[layer]; }

 private:
  void give_back(int64_t row) noexcept;

  std::shared_ptr<const PageMemory> k_pages_, v_pages_;  // of k_ and v_, on a CPU; else null
  at::Tensor k_, v_;                                     // [layers, rows, H, positions, 64]
  at::Tensor kv_;  // on a device, of which they are parts: [layers, rows, 2, H, positions, 64]
  std::vector<int64_t> free_;  // sorted, highest first
  std::vector<int64_t> lengths_;
};

// Rows of a cache for as long as a sequence needs them.
class RowLease {
 public:
  RowLease(BatchKVCache& cache, int64_t count) : cache_(&cache), rows_(cache.take(count)) {}
  RowLease(RowLease&& other) noexcept : cache_(other.cache_), rows_(std::move(other.rows_)) {
    other.rows_.clear();
  }
  RowLease(const RowLease&) = delete;
  RowLease& operator=(const RowLease&) = delete;
  RowLease& operator=(RowLease&&) = delete;
  ~RowLease() { cache_->release(rows_); }

  [[nodiscard]] const std::vector<int64_t>& rows() const { return rows_; }

 private:
  BatchKVCache* cache_;
  std::vector<int64_t> rows_;
};

}  // namespace chatterbox::t3
