// Weights and activations as the kernels of nn/cpu/kernels.h take them, and the names of variants.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "nn/cpu/kernels.h"

namespace chatterbox::testing {

using nn::cpu::Bf16;

// The values that a kernel of type T works on, and their bits.
template <class T>
at::Tensor rounded(const at::Tensor& x) {
  return std::is_same_v<T, float> ? x : x.to(at::kBFloat16);
}

template <class T>
T* data(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

// Activations as a variant takes them for weights of type T.
template <class T>
struct Activations {
  Activations(const nn::cpu::Kernels& kernels, const at::Tensor& x) : exact(x) {
    rows = {data<float>(x), x.size(0), x.size(1), x.stride(0)};
    if (!std::is_same_v<T, Bf16> || !kernels.rounded_rows) return;
    half = x.to(at::kBFloat16).contiguous();
    exact = half.to(at::kFloat);
    rows.rounded = data<Bf16>(half);
  }
  at::Tensor half;
  at::Tensor exact;  // what is multiplied
  nn::cpu::Rows rows{};
};

// Of a test that runs for each variant.
inline std::string variant_name(const ::testing::TestParamInfo<nn::cpu::Isa>& isa) {
  switch (isa.param) {
    case nn::cpu::Isa::kPortable:
      return "Portable";
    case nn::cpu::Isa::kAvx2:
      return "Avx2";
    case nn::cpu::Isa::kAvx512:
      return "Avx512";
    case nn::cpu::Isa::kAvx512Bf16:
      return "Avx512Bf16";
  }
  return "Unknown";
}

}  // namespace chatterbox::testing
