// Looks up a checkpoint's tensors by the official names, checks their shapes, and places them.
//
// Defects are collected, so that finish() can name every missing, unexpected and wrongly shaped
// tensor at once; a missing tensor reads as zeros of the asked shape until then.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "nn/placement.h"

namespace chatterbox::nn {

class WeightReader {
 public:
  // The file stays mapped for as long as a tensor needs its bytes.
  WeightReader(std::shared_ptr<const checkpoint::TensorFile> file, Placement placement);

  // A reader whose names begin with this one's prefix and `name` + ".". Shares the collected
  // defects.
  [[nodiscard]] WeightReader scope(std::string_view name) const;
  [[nodiscard]] WeightReader scope(std::string_view name, int64_t index) const;  // "name.index."
  [[nodiscard]] WeightReader with(Placement placement) const;  // other type or device

  [[nodiscard]] bool has(std::string_view name) const;
  // How many of "name.0.", "name.1.", ... there are, counted from 0 to the first that is absent.
  [[nodiscard]] int64_t count(std::string_view name) const;
  // One dimension of a tensor that others are measured by. Throws kBadModelFile where it is absent.
  [[nodiscard]] int64_t dim(std::string_view name, size_t axis) const;
  // The tensor in the placement's type; zero-copy from the file where type and device allow it
  // (then read-only). Where they do not, the file's pages leave the memory. -1 in `shape` means
  // any.
  [[nodiscard]] at::Tensor get(std::string_view name, const std::vector<int64_t>& shape) const;
  // The transpose of a matrix, contiguous: from [in, out] in the file to [out, in].
  [[nodiscard]] at::Tensor get_transposed(std::string_view name, int64_t in, int64_t out) const;
  // Whether it holds bytes that are packed for kernels, not numbers.
  [[nodiscard]] bool has_bytes(std::string_view name) const;
  // Those, zero-copy from the file, on the CPU.
  [[nodiscard]] at::Tensor get_bytes(std::string_view name,
                                     const std::vector<int64_t>& shape) const;
  // Notes a defect that only the values show.
  void reject(std::string_view name, const std::string& defect) const;
  // Accepts a tensor that the model does not use (training leftovers, buffers that we compute).
  void ignore(std::string_view name) const;

  [[nodiscard]] const Placement& placement() const { return placement_; }
  // Throws kBadModelFile with every defect, of all scopes. Call once, on the root.
  void finish() const;

 private:
  struct Shared;
  WeightReader(std::shared_ptr<Shared> shared, std::string prefix, Placement placement);
  enum class Kind { kNumbers, kBytes };
  // Null where it is not as asked; then the defect is noted.
  [[nodiscard]] const checkpoint::TensorEntry* find(std::string_view name,
                                                    const std::vector<int64_t>& shape,
                                                    Kind kind = Kind::kNumbers) const;
  [[nodiscard]] at::Tensor placeholder(std::vector<int64_t> shape) const;
  [[nodiscard]] at::Tensor placeholder(std::vector<int64_t> shape, at::TensorOptions type) const;
  [[nodiscard]] at::Tensor in_file(const checkpoint::TensorEntry& entry) const;
  std::shared_ptr<Shared> shared_;
  std::string prefix_;
  Placement placement_;
};

}  // namespace chatterbox::nn
