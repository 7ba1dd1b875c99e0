// Operators that a CPU has under another name, or in parts, and CUDA as a kernel of its own.
#pragma once

#include <torch/library.h>

namespace chatterbox::testing {

// Attention, convolution and an LSTM's cell.
void register_fused_kernels(torch::Library& aten);

}  // namespace chatterbox::testing
