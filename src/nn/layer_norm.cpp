#include "nn/layer_norm.h"

#include <ATen/ops/layer_norm.h>

#include "nn/linear.h"
#include "support/interruption.h"

namespace chatterbox::nn {

LayerNorm read_layer_norm(const WeightReader& reader, std::string_view name, int64_t size,
                          double eps) {
  const Placement& placement = reader.placement();
  const WeightReader scope =
      reader.with({placement.device, activation_type(placement)}).scope(name);
  return {scope.get("weight", {size}), scope.get("bias", {size}), eps};
}

at::Tensor layer_norm(const at::Tensor& x, const LayerNorm& norm) {
  interruption_point();
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, norm.eps);
}

}  // namespace chatterbox::nn
