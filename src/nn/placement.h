// Where weights live and in which type the models compute.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace chatterbox::nn {

struct Placement {
  c10::Device device = c10::kCPU;
  c10::ScalarType dtype = c10::kFloat;  // kFloat or kBFloat16
  // On a CPU: the linear layers that are read with this placement are packed 8-bit integers. All
  // else has `dtype`.
  bool int8 = false;

  [[nodiscard]] Placement in_fp32() const { return {device, c10::kFloat}; }
  [[nodiscard]] Placement without_int8() const { return {device, dtype}; }
};

}  // namespace chatterbox::nn
