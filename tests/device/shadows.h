// The tensors of one operator of the stand-in device as the CPU sees them: over the memory behind
// the device's addresses, so that views alias and what is written in place is in place.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Storage.h>

#include <utility>
#include <vector>

namespace chatterbox::testing {

[[nodiscard]] inline bool on_device(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == c10::kPrivateUse1;
}

// A tensor of the device over a storage, strided as `like`.
[[nodiscard]] at::Tensor device_tensor(c10::Storage storage, const at::Tensor& like);
// New memory of the device.
[[nodiscard]] c10::Storage device_storage(size_t bytes);

class Shadows {
 public:
  // The same bytes as a tensor of the CPU. `written`: one without elements may be resized.
  [[nodiscard]] at::Tensor of(const at::Tensor& tensor, bool written = false);
  // A result of the CPU on the device: a view where it is one, else a copy.
  [[nodiscard]] at::Tensor result(const at::Tensor& cpu);
  // The same where the device has had this result before: over its memory.
  void result_again(const at::Tensor& cpu, const at::Tensor& device);
  // Gives those that the operator has resized their elements.
  void finish();

 private:
  // Of one operator: the device's storage and the CPU's over the same bytes.
  std::vector<std::pair<c10::Storage, c10::Storage>> storages_;
  std::vector<std::pair<at::Tensor, at::Tensor>> resizable_;
};

}  // namespace chatterbox::testing
