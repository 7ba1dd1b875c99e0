#include "nn/upload.h"

#include <ATen/ops/empty.h>

#include <cstring>

namespace chatterbox::nn {
namespace {

constexpr int64_t kAlignment = 256;  // of CUDA's own allocations

int64_t bytes_of(const at::Tensor& tensor) { return static_cast<int64_t>(tensor.nbytes()); }

// From one tensor's first byte to the next one's.
int64_t step_of(const at::Tensor& tensor) {
  return (bytes_of(tensor) + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

std::vector<at::Tensor> upload(const std::vector<at::Tensor>& tensors, c10::Device device) {
  if (device.is_cpu()) return tensors;
  int64_t size = 0;
  for (const at::Tensor& tensor : tensors) size += step_of(tensor);
  const auto bytes = at::TensorOptions(at::kByte);
  // Pinned: read by the device while the host goes on. libtorch keeps it until then.
  const at::Tensor packed = at::empty({size}, bytes.pinned_memory(true));
  auto* to = packed.mutable_data_ptr<uint8_t>();
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor whole = tensor.contiguous();
    if (whole.nbytes() > 0) std::memcpy(to, whole.const_data_ptr(), whole.nbytes());
    to += step_of(tensor);
  }
  const at::Tensor all = at::empty({size}, bytes.device(device));
  all.copy_(packed, /*non_blocking=*/true);
  std::vector<at::Tensor> views;
  int64_t first = 0;
  for (const at::Tensor& tensor : tensors) {
    views.push_back(
        all.narrow(0, first, bytes_of(tensor)).view(tensor.scalar_type()).view(tensor.sizes()));
    first += step_of(tensor);
  }
  return views;
}

}  // namespace chatterbox::nn
