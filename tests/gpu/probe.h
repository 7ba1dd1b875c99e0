// Whether there is a GPU to test on.
#pragma once

#include <ATen/ops/ones.h>

#include <cstdio>
#include <exception>

#include "nn/device_kernels.h"
#include "runtime/device.h"

namespace chatterbox::testing {

inline constexpr int kSkippedCode = 77;  // of a test, to CTest

// Says what is there. 0, or kSkippedCode where there is none, or 1 where there is one that does not
// compute.
inline int probe_gpu() {
  try {
    const c10::Device device = runtime::choose_device("cuda");
    if (at::ones({2}, at::device(device)).sum().item<double>() != 2) {
      std::printf("FAILED: %s cannot add\n", device.str().c_str());
      return 1;
    }
    const double gigabytes = static_cast<double>(runtime::free_bytes(device)) / 1e9;
    std::printf("%s, %.1f GB free, %s own kernels\n", device.str().c_str(), gigabytes,
                nn::device_kernels(device) != nullptr ? "with" : "without");
    return 0;
  } catch (const std::exception& error) {
    std::printf("SKIPPED: no CUDA device: %s\n", error.what());
    return kSkippedCode;
  }
}

}  // namespace chatterbox::testing
