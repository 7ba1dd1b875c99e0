// Runs a kernel of kernel.h on a device.
#pragma once

#include <cuda_runtime.h>

#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) phases(typename Kernel::Arguments arguments) {
  __shared__ typename Kernel::Shared shared;
  typename Kernel::Registers registers;
  const Place block{static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y),
                    static_cast<int>(blockIdx.z)};
  const int thread = static_cast<int>(threadIdx.x);
  const auto run = [&](int phase) {
    if (phase > 0) __syncthreads();
    Kernel::run(phase, arguments, block, thread, shared, registers);
  };
  if constexpr (Kernel::kPhases > 0) {
    // Unrolled, so that what a thread keeps can stay in registers.
#pragma unroll
    for (int phase = 0; phase < Kernel::kPhases; ++phase) run(phase);
  } else {
    const int count = Kernel::phases(arguments, block);
#pragma unroll 1
    for (int phase = 0; phase < count; ++phase) run(phase);
  }
}

// The error of the launch, 0 for none.
template <class Kernel>
int launch(const typename Kernel::Arguments& arguments, Place grid, Stream stream) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return 0;
  const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                    static_cast<unsigned>(grid.z));
  phases<Kernel><<<blocks, Kernel::kThreads, 0, stream>>>(arguments);
  return static_cast<int>(cudaGetLastError());
}

}  // namespace chatterbox::nn::cuda
