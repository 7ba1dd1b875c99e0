// Own kernels of a device, as the models call them: with tensors. Where a device has none, what
// calls them uses at:: operators.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/cuda/kernels.h"

namespace chatterbox::nn {

// CUDA's, in a build with CHATTERBOX_CUDA=ON and nvcc; null: there are none.
[[nodiscard]] const cuda::Kernels* device_kernels(c10::Device device);
// Of a kind of device that a program adds to libtorch, as the tests do (tests/device).
void set_device_kernels(c10::DeviceType type, const cuda::Kernels* kernels);

// The stream that the calling thread has on the device.
[[nodiscard]] cuda::Stream stream_of(c10::Device device);
// kInternal: neither fp32 nor bf16.
[[nodiscard]] cuda::Type type_of(const at::Tensor& tensor);
// Throws as libtorch does where a launch fails, so that it is understood alike. `error`:
// cudaError_t.
void check_launch(int error, const char* kernel);

}  // namespace chatterbox::nn
