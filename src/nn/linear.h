// Linear layers and what surrounds them in a transformer block. One seam for all models: these
// functions choose between at:: operators and the own CPU kernels, which win where a few rows meet
// large weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>
#include <vector>

#include "nn/weight_reader.h"

namespace chatterbox::nn {

struct LinearParts;  // see linear_parts.h

// A layer, whatever its weights are: fp32, bf16, or packed 8-bit integers. Immutable; copies share
// them.
class Linear {
 public:
  Linear() = default;  // none
  [[nodiscard]] bool defined() const { return parts_ != nullptr; }
  // Of a layer that is there.
  [[nodiscard]] int64_t outputs() const;
  [[nodiscard]] int64_t inputs() const;
  [[nodiscard]] const at::Tensor& bias() const;  // [outputs], or undefined

 private:
  friend Linear linear_of(LinearParts parts);
  friend const LinearParts& parts_of(const Linear& layer);
  explicit Linear(std::shared_ptr<const LinearParts> parts) : parts_(std::move(parts)) {}

  std::shared_ptr<const LinearParts> parts_;
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

// Layers made of others. Outputs of a layer with a bias, sharing its memory:
[[nodiscard]] Linear narrow_outputs(const Linear& layer, int64_t first, int64_t count);
// What a layer that is not packed makes of some inputs, with its bias or without:
[[nodiscard]] Linear narrow_inputs(const Linear& layer, int64_t first, int64_t count, Bias bias);
// The outputs of layers that are not packed one after another; all have a bias, or none has.
[[nodiscard]] Linear join_outputs(std::initializer_list<const Linear*> layers);

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
// x / sqrt(mean(x^2) + eps) * weight, in fp32; x [R, C], weight [C] of x's type.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, float eps);

}  // namespace chatterbox::nn
