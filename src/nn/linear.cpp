#include "nn/linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>

#include <utility>

#include "nn/cpu/kernels.h"
#include "nn/cpu/parallel.h"
#include "nn/cpu/parallel_int8.h"
#include "nn/int8_file.h"
#include "nn/linear_parts.h"
#include "support/interruption.h"

namespace chatterbox::nn {
namespace {

bool use_kernels(const at::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.numel() / x.size(-1) <= kMaxKernelRows;
}

at::Tensor rows_of(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}).contiguous(); }

at::Tensor empty_like_output(const at::Tensor& x, int64_t features) {
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = features;
  return at::empty(shape, x.options());
}

// In the weights' type, which the matrix units want. A CPU without them takes five times as long in
// bf16 as in fp32, so there it multiplies widened weights.
at::Tensor at_linear(const at::Tensor& x, const LinearParts& layer) {
  interruption_point();
  const bool widen = x.is_cpu() && !cpu::multiplies_bf16();
  const at::ScalarType type = widen ? at::kFloat : layer.weight.scalar_type();
  const at::Tensor bias = layer.bias.defined() ? layer.bias.to(type) : layer.bias;
  return at::linear(x.to(type), layer.weight.to(type), bias).to(x.scalar_type());
}

// On a device, where each launch counts.
bool adds_in_place(const at::Tensor& residual, const at::Tensor& x, const LinearParts& layer) {
  return !x.is_cpu() && !layer.bias.defined() && x.dim() == 2 &&
         x.scalar_type() == layer.weight.scalar_type() && residual.scalar_type() == x.scalar_type();
}

// y [..., out], contiguous
cpu::Int8Output int8_output(const LinearParts& layer, const at::Tensor& y, bool accumulate) {
  return {layer.packed->view(), layer.bias, y.view({-1, y.size(-1)}), accumulate};
}

Linear packed_linear(Int8Matrix matrix, at::Tensor bias) {
  return linear_of({{}, std::move(bias), std::make_shared<const Int8Matrix>(std::move(matrix))});
}

enum class Order { kOutIn, kInOut };  // of the weight in the file

Linear read_layer(const WeightReader& reader, std::string_view name, int64_t out, int64_t in,
                  Bias bias, Order order) {
  const WeightReader scope = reader.with(linear_source(reader.placement())).scope(name);
  const auto read_bias = [&](int64_t outputs) {
    return bias == Bias::kYes ? scope.get("bias", {outputs}) : at::Tensor();
  };
  if (reader.placement().int8 && has_int8(scope)) {
    Int8Matrix matrix = read_int8(scope, out, in);
    at::Tensor offset = read_bias(matrix.outputs);
    return packed_linear(std::move(matrix), std::move(offset));
  }
  at::Tensor weight = order == Order::kInOut ? scope.get_transposed("weight", in, out)
                                             : scope.get("weight", {out, in});
  at::Tensor offset = read_bias(weight.size(0));
  return make_linear(std::move(weight), std::move(offset), reader.placement());
}

}  // namespace

int64_t Linear::outputs() const {
  return parts_->packed ? parts_->packed->outputs : parts_->weight.size(0);
}
int64_t Linear::inputs() const {
  return parts_->packed ? parts_->packed->inputs : parts_->weight.size(1);
}
const at::Tensor& Linear::bias() const { return parts_->bias; }

Linear make_linear(at::Tensor weight, at::Tensor bias, const Placement& placement) {
  if (!placement.int8) return linear_of({std::move(weight), std::move(bias)});
  return packed_linear(to_int8(weight), std::move(bias));
}

Placement linear_source(const Placement& placement) {
  return placement.int8 ? placement.in_fp32() : placement;
}

Linear read_linear(const WeightReader& reader, std::string_view name, int64_t out, int64_t in,
                   Bias bias) {
  return read_layer(reader, name, out, in, bias, Order::kOutIn);
}

Linear read_transposed_linear(const WeightReader& reader, std::string_view name, int64_t in,
                              int64_t out) {
  return read_layer(reader, name, out, in, Bias::kYes, Order::kInOut);
}

Linear narrow_outputs(const Linear& layer, int64_t first, int64_t count) {
  const LinearParts& parts = parts_of(layer);
  at::Tensor bias = parts.bias.narrow(0, first, count);
  if (parts.packed) return packed_linear(parts.packed->narrow(first, count), std::move(bias));
  return linear_of({parts.weight.narrow(0, first, count), std::move(bias)});
}

Linear narrow_inputs(const Linear& layer, int64_t first, int64_t count, Bias bias) {
  return linear_of({parts_of(layer).weight.narrow(1, first, count).contiguous(),
                    bias == Bias::kYes ? layer.bias() : at::Tensor()});
}

Linear join_outputs(std::initializer_list<const Linear*> layers) {
  std::vector<at::Tensor> weights, biases;
  for (const Linear* layer : layers) {
    weights.push_back(parts_of(*layer).weight);
    if (layer->bias().defined()) biases.push_back(layer->bias());
  }
  return linear_of({at::cat(weights, 0), biases.empty() ? at::Tensor() : at::cat(biases, 0)});
}

c10::ScalarType activation_type(const Placement& placement) {
  return placement.device.is_cpu() ? at::kFloat : placement.dtype;
}

std::vector<at::Tensor> linear(const at::Tensor& x, std::initializer_list<const Linear*> layers) {
  std::vector<at::Tensor> outputs;
  if (parts_of(**layers.begin()).packed) {
    std::vector<cpu::Int8Output> jobs;
    for (const Linear* layer : layers) {
      outputs.push_back(empty_like_output(x, layer->outputs()));
      jobs.push_back(int8_output(parts_of(*layer), outputs.back(), false));
    }
    cpu::int8_linear(rows_of(x), jobs);
    return outputs;
  }
  if (!use_kernels(x)) {
    for (const Linear* layer : layers) outputs.push_back(at_linear(x, parts_of(*layer)));
    return outputs;
  }
  std::vector<cpu::LinearOutput> jobs;
  for (const Linear* layer : layers) {
    const LinearParts& parts = parts_of(*layer);
    outputs.push_back(empty_like_output(x, parts.weight.size(0)));
    jobs.push_back(
        {parts.weight, parts.bias, outputs.back().view({-1, parts.weight.size(0)}), false});
  }
  cpu::linear(rows_of(x), jobs);
  return outputs;
}

at::Tensor linear(const at::Tensor& x, const Linear& layer) { return linear(x, {&layer})[0]; }

void add_linear(at::Tensor& residual, const at::Tensor& x, const Linear& of) {
  const LinearParts& layer = parts_of(of);
  if (layer.packed && residual.is_contiguous()) {
    cpu::int8_linear(rows_of(x), {int8_output(layer, residual, true)});
  } else if (layer.packed) {
    residual.add_(linear(x, of));
  } else if (use_kernels(x) && residual.is_contiguous()) {
    cpu::linear(rows_of(x),
                {{layer.weight, layer.bias, residual.view({-1, residual.size(-1)}), true}});
  } else if (adds_in_place(residual, x, layer)) {
    interruption_point();
    residual.addmm_(x, layer.weight.t());
  } else {
    residual.add_(at_linear(x, layer));
  }
}

at::Tensor linear_gelu(const at::Tensor& x, const Linear& of) {
  const LinearParts& layer = parts_of(of);
  if (layer.packed) {
    at::Tensor y = empty_like_output(x, of.outputs());
    cpu::int8_linear_gelu(rows_of(x), int8_output(layer, y, false));
    return y;
  }
  if (!use_kernels(x)) return at::gelu(at_linear(x, layer), "tanh");
  at::Tensor y = empty_like_output(x, layer.weight.size(0));
  cpu::linear_gelu(rows_of(x), {layer.weight, layer.bias, y.view({-1, y.size(-1)}), false});
  return y;
}

at::Tensor swiglu(const at::Tensor& x, const Linear& gate_layer, const Linear& up_layer) {
  const LinearParts& gate = parts_of(gate_layer);
  const LinearParts& up = parts_of(up_layer);
  if (gate.packed) {
    at::Tensor y = empty_like_output(x, gate_layer.outputs());
    cpu::int8_swiglu(rows_of(x), gate.packed->view(), up.packed->view(), y.view({-1, y.size(-1)}));
    return y;
  }
  if (!use_kernels(x)) return at::silu(at_linear(x, gate)).mul_(at_linear(x, up));
  at::Tensor y = empty_like_output(x, gate.weight.size(0));
  cpu::swiglu(rows_of(x), gate.weight, up.weight, y.view({-1, y.size(-1)}));
  return y;
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, float eps) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) {
    return at::rms_norm(x, {x.size(-1)}, weight, eps);
  }
  at::Tensor y = at::empty(x.sizes(), x.options());
  cpu::rms_norm(x.contiguous(), weight, eps, y);
  return y;
}

}  // namespace chatterbox::nn
