#include "nn/device_kernels.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <string>

#include "support/error.h"

namespace chatterbox::nn {
namespace {

using Table = std::atomic<const cuda::Kernels*>;

// By kind of device.
Table& table_of(c10::DeviceType type) {
  static std::array<Table, c10::COMPILE_TIME_MAX_DEVICE_TYPES> tables = {};
#ifdef CHATTERBOX_CUDA_KERNELS
  [[maybe_unused]] static const bool filled = [] {
    tables[static_cast<size_t>(c10::kCUDA)] = &cuda::kernels();
    return true;
  }();
#endif
  return tables.at(static_cast<size_t>(type));
}

}  // namespace

const cuda::Kernels* device_kernels(c10::Device device) { return table_of(device.type()); }

void set_device_kernels(c10::DeviceType type, const cuda::Kernels* kernels) {
  table_of(type) = kernels;
}

cuda::Stream stream_of(c10::Device device) {
  const c10::impl::VirtualGuardImpl guard(device.type());
  return static_cast<cuda::Stream>(guard.getStreamNativeHandle(guard.getStream(device)));
}

cuda::Type type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return cuda::Type::kFloat;
    case at::kBFloat16:
      return cuda::Type::kBf16;
    default:
      fail(Status::kInternal, "a kernel for CUDA takes fp32 and bf16, got {}",
           c10::toString(tensor.scalar_type()));
  }
}

void check_launch(int error, const char* kernel) {
  constexpr int kNoMemory = 2;  // cudaErrorMemoryAllocation
  if (error == 0) return;
  const std::string what = error == kNoMemory ? "out of memory" : fmt::format("error {}", error);
  throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, error,
                              fmt::format("CUDA error: the launch of {}: {}", kernel, what));
}

}  // namespace chatterbox::nn
