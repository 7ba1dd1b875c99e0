// What tests of tensors share: made-up values, their comparison, their numbers.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include <vector>

namespace chatterbox::testing {

inline at::Generator seeded(uint64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(seed);
}

// Normal noise, fp32.
inline at::Tensor noise(at::IntArrayRef shape, uint64_t seed, double scale = 1) {
  return at::randn(shape, seeded(seed), at::TensorOptions(at::kFloat)).mul_(scale);
}

inline double max_abs(const at::Tensor& a, const at::Tensor& b) {
  return a.to(at::kDouble).sub(b.to(at::kDouble)).abs().max().item<double>();
}

template <class T>
std::vector<T> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return std::vector<T>(flat.const_data_ptr<T>(), flat.const_data_ptr<T>() + flat.numel());
}

}  // namespace chatterbox::testing
