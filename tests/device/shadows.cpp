#include "device/shadows.h"

#include <ATen/Functions.h>
#include <c10/core/TensorImpl.h>

#include <cstring>

#include "device/hidden_memory.h"

namespace chatterbox::testing {
namespace {

at::Tensor make_tensor(c10::Storage storage, const at::Tensor& like, c10::DispatchKey key) {
  TORCH_CHECK(!like.is_conj() && !like.is_neg(), "the stand-in device has no lazy conjugates");
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(key), like.dtype());
  c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  impl->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  return tensor;
}

}  // namespace

at::Tensor device_tensor(c10::Storage storage, const at::Tensor& like) {
  return make_tensor(std::move(storage), like, c10::DispatchKey::PrivateUse1);
}

c10::Storage device_storage(size_t bytes) {
  return {c10::Storage::use_byte_size_t(), bytes, hidden_memory()->allocate(bytes), hidden_memory(),
          /*resizable=*/true};
}

at::Tensor Shadows::of(const at::Tensor& tensor, bool written) {
  if (written && tensor.numel() == 0) {
    at::Tensor cpu = at::empty(tensor.sizes(), tensor.scalar_type());
    resizable_.emplace_back(tensor, cpu);
    return cpu;
  }
  const c10::Storage& own = tensor.storage();
  for (const auto& [device, cpu] : storages_) {
    if (device.unsafeGetStorageImpl() == own.unsafeGetStorageImpl()) {
      return make_tensor(cpu, tensor, c10::DispatchKey::CPU);
    }
  }
  const c10::Storage cpu(c10::Storage::use_byte_size_t(), own.nbytes(),
                         c10::DataPtr(behind(own.data()), c10::kCPU), nullptr,
                         /*resizable=*/false);
  storages_.emplace_back(own, cpu);
  return make_tensor(cpu, tensor, c10::DispatchKey::CPU);
}

at::Tensor Shadows::result(const at::Tensor& cpu) {
  if (!cpu.defined()) return cpu;
  for (const auto& [device, seen] : storages_) {
    if (seen.unsafeGetStorageImpl() == cpu.storage().unsafeGetStorageImpl()) {
      return device_tensor(device, cpu);
    }
  }
  c10::Storage made = device_storage(cpu.storage().nbytes());
  if (made.nbytes() > 0) std::memcpy(behind(made.data()), cpu.storage().data(), made.nbytes());
  storages_.emplace_back(made, cpu.storage());
  return device_tensor(std::move(made), cpu);
}

void Shadows::result_again(const at::Tensor& cpu, const at::Tensor& device) {
  if (!cpu.defined()) return;
  const auto* storage = cpu.storage().unsafeGetStorageImpl();
  for (const auto& [own, seen] : storages_) {
    if (seen.unsafeGetStorageImpl() == storage) return;  // a view
  }
  TORCH_CHECK(cpu.sizes() == device.sizes() && cpu.strides() == device.strides() &&
                  storage->nbytes() <= device.storage().nbytes(),
              "a result of a replay has another shape: ", cpu.sizes(), " for ", device.sizes());
  if (storage->nbytes() == 0) return;
  std::memcpy(behind(device.storage().data()), storage->data(), storage->nbytes());
}

void Shadows::finish() {
  for (const auto& [tensor, cpu] : resizable_) {
    if (cpu.numel() == 0) continue;
    tensor.resize_(cpu.sizes());
    of(tensor).copy_(cpu);
  }
}

}  // namespace chatterbox::testing
