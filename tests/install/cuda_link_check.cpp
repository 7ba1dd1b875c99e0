// What an executor on CUDA uses of libtorch: device and stream guards, the allocator's figures,
// events, and graphs, by the names that src/runtime/cuda_graphs.cpp looks them up by.
#include <ATen/core/Generator.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace at::cuda::detail {
// Of ATen/cuda/CUDAGeneratorImpl.h, which needs headers of cuBLAS and cuSPARSE.
TORCH_CUDA_CPP_API Generator createCUDAGenerator(c10::DeviceIndex device_index);
}  // namespace at::cuda::detail

int main() {
  const c10::cuda::CUDAGuard device(0);
  const c10::cuda::CUDAStreamGuard stream(c10::cuda::getStreamFromPool());
  const at::Generator generator = at::cuda::detail::createCUDAGenerator(0);
  at::cuda::CUDAGraph graph(false);
  graph.capture_begin(at::cuda::graph_pool_handle(), cudaStreamCaptureModeThreadLocal);
  graph.capture_end();
  graph.replay();
  const auto peak = c10::cuda::CUDACachingAllocator::getDeviceStats(0).allocated_bytes[0].peak;
  return generator.defined() && peak >= 0 ? 0 : 1;
}
