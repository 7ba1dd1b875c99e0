// CUDA on demand: the library links libtorch's CPU part only, and loads the rest when it is asked
// for.
#pragma once

#include <cstdint>

namespace chatterbox::runtime {

// Loads libtorch_cuda.so from beside libtorch_cpu.so. Must run before anything asks libtorch
// whether it has CUDA (at::hasCUDA() and the like), because libtorch remembers the first answer for
// good. Throws kUnsupported where the build has no CUDA, kDevice where a library or the driver is
// missing. Calling it again is cheap. Torch-free.
void load_cuda_runtime();

// Bytes that are free on the calling thread's current device. Throws kDevice. Only after
// load_cuda_runtime().
[[nodiscard]] int64_t free_cuda_memory();

}  // namespace chatterbox::runtime
