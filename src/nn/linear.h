// Linear layers and what surrounds them in a transformer block. One seam for all models: these
// functions choose between at:: operators and the own CPU kernels, which win where a few rows meet
// large weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "nn/int8_matrix.h"
#include "nn/weight_reader.h"

namespace chatterbox::nn {

struct Linear {
  at::Tensor weight;  // [out, in]; undefined where it is packed
  at::Tensor bias;    // [out], or undefined
  std::shared_ptr<const Int8Matrix> packed = nullptr;

  [[nodiscard]] int64_t outputs() const { return packed ? packed->outputs : weight.size(0); }
};

enum class Bias { kNo, kYes };

// Of a weight [out, in] and its bias, or an undefined one: packed where the placement says int8;
// then both are fp32.
[[nodiscard]] Linear make_linear(at::Tensor weight, at::Tensor bias, const Placement& placement);
// The placement in which to read what make_linear() takes.
[[nodiscard]] Placement linear_source(const Placement& placement);
// Reads "name.weight" and, where asked, "name.bias". -1: any size. What the file has in int8 stays
// as it is, where the placement says int8.
[[nodiscard]] Linear read_linear(const WeightReader& reader, std::string_view name, int64_t out,
                                 int64_t in, Bias bias = Bias::kYes);
// The same of a weight that the file has as [in, out], with its bias.
[[nodiscard]] Linear read_transposed_linear(const WeightReader& reader, std::string_view name,
                                            int64_t in, int64_t out);
// Outputs [first, first + count) of a layer, sharing its memory; its bias is there.
[[nodiscard]] Linear narrow_outputs(const Linear& layer, int64_t first, int64_t count);

// The type of activations: fp32 on the CPU, whatever the weights' type; the weights' own elsewhere.
[[nodiscard]] c10::ScalarType activation_type(const Placement& placement);

// At most so many rows go through the kernels on the CPU, where the layer is not packed. Up to
// here, a row's bits do not depend on the other rows; with packed layers they never do.
inline constexpr int64_t kMaxKernelRows = 32;

// y = x W^T + b; x [..., in] -> [..., out], in x's type.
[[nodiscard]] at::Tensor linear(const at::Tensor& x, const Linear& layer);
// Several layers of one input, in one parallel region.
[[nodiscard]] std::vector<at::Tensor> linear(const at::Tensor& x,
                                             std::initializer_list<const Linear*> layers);
// residual += x W^T + b; residual [..., out], x [..., in].
void add_linear(at::Tensor& residual, const at::Tensor& x, const Linear& layer);
// gelu(x W^T + b), by its tanh formula (gelu_new).
[[nodiscard]] at::Tensor linear_gelu(const at::Tensor& x, const Linear& layer);
// silu(x G^T) * (x U^T); no biases.
[[nodiscard]] at::Tensor swiglu(const at::Tensor& x, const Linear& gate, const Linear& up);
// x / sqrt(mean(x^2) + eps) * weight, in fp32; x [R, C], weight [C] fp32.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, float eps);

}  // namespace chatterbox::nn
