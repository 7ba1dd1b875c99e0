#include "runtime/device.h"

#include <ATen/Context.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cctype>

#include "runtime/cuda_graphs.h"
#include "runtime/cuda_runtime.h"
#include "runtime/free_memory.h"
#include "support/error.h"

namespace chatterbox::runtime {
namespace {

bool is_cuda_name(const std::string& name) {
  if (name == "cuda") return true;
  if (name.rfind("cuda:", 0) != 0 || name.size() < 6 || name.size() > 8) return false;
  return std::all_of(name.begin() + 5, name.end(), [](unsigned char c) { return std::isdigit(c); });
}

int cuda_device_count() { return static_cast<int>(at::detail::getCUDAHooks().deviceCount()); }

c10::Device cuda_device(const std::string& name) {
  const int index = name == "cuda" ? 0 : std::stoi(name.substr(5));
  load_cuda_runtime();
  const int count = cuda_device_count();
  if (index >= count) {
    fail(Status::kDevice, "device {}: this machine has {} CUDA devices", name, count);
  }
  register_cuda_graphs();
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

c10::Device cuda_or_cpu() {
  try {
    load_cuda_runtime();
  } catch (const Error&) {
    return c10::kCPU;  // no CUDA libraries: "auto" promises nothing
  }
  if (cuda_device_count() == 0) return c10::kCPU;
  register_cuda_graphs();
  return {c10::kCUDA, 0};
}

// One that the program has added to libtorch, as the tests do (tests/device).
bool is_added_backend(const std::string& name) {
  return at::isPrivateUse1HooksRegistered() && name == c10::get_privateuse1_backend();
}

}  // namespace

c10::Device choose_device(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  if (name == "auto") return cuda_or_cpu();
  if (is_cuda_name(name)) return cuda_device(name);
  if (is_added_backend(name)) return {c10::kPrivateUse1, 0};
  fail(Status::kInvalidArgument, "device must be cpu, cuda, cuda:N or auto, got {}", name);
}

int64_t free_bytes(c10::Device device) {
  if (!device.is_cuda()) return free_memory();
  const c10::DeviceGuard guard(device);
  return free_cuda_memory();
}

void use_own_stream(c10::Device device) {
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.setDevice(device);
  guard.synchronizeDevice(device.index());
  guard.exchangeStream(guard.getStreamFromGlobalPool(device));
}

}  // namespace chatterbox::runtime
