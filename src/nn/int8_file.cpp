#include "nn/int8_file.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>

#include "support/error.h"

namespace chatterbox::nn {

bool holds_int8(const checkpoint::TensorFile& file) {
  const auto layout = file.metadata().find(kInt8LayoutKey);
  if (layout == file.metadata().end()) return false;
  if (layout->second != kInt8Layout) {
    fail(Status::kBadModelFile,
         "{}: {} is {}, this library reads {}: quantise the published folder again", file.path(),
         kInt8LayoutKey, layout->second, kInt8Layout);
  }
  return true;
}

bool has_int8(const WeightReader& matrix) { return matrix.has_bytes(kInt8Data); }

Int8Matrix read_int8(const WeightReader& matrix, int64_t outputs, int64_t inputs) {
  const at::Tensor scale =
      matrix.with(matrix.placement().in_fp32()).get(kInt8Scale, {outputs}).contiguous();
  if (!at::isfinite(scale).logical_and_(scale.ge(0)).all().item<bool>()) {
    matrix.reject(kInt8Scale, "has a value that is no finite number from 0");
  }
  Int8Matrix read;
  read.outputs = scale.size(0);
  read.inputs = inputs;
  const int64_t panels = cpu::int8_panels(read.outputs);
  read.data = matrix.get_bytes(kInt8Data, {panels, cpu::int8_padded(inputs) / cpu::kGroupInputs,
                                           cpu::kPanelOutputs, cpu::kGroupInputs});
  read.scale = at::zeros({panels * cpu::kPanelOutputs});
  read.scale.narrow(0, 0, read.outputs).copy_(scale);
  return read;
}

}  // namespace chatterbox::nn
