// What a device needs from the host, in one copy.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace chatterbox::nn {

// The tensors on the device, in their order: views of one block of memory, which one copy has
// brought there that nobody waits for. On a CPU, the tensors themselves.
[[nodiscard]] std::vector<at::Tensor> upload(const std::vector<at::Tensor>& tensors,
                                             c10::Device device);

}  // namespace chatterbox::nn
