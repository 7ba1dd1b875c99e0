// CUDA graphs for nn/device_graphs.h, by way of libtorch's own, which keep the memory that a graph
// uses away from all else.
#pragma once

namespace chatterbox::runtime {

// Only after load_cuda_runtime(). Throws kDevice where libtorch's libraries have no graphs. Does
// nothing in a build without CUDA. Calling it again is cheap.
void register_cuda_graphs();

}  // namespace chatterbox::runtime
