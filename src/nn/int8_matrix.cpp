#include "nn/int8_matrix.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "support/error.h"

namespace chatterbox::nn {

Int8Matrix Int8Matrix::narrow(int64_t first, int64_t count) const {
  if (first % cpu::kPanelOutputs != 0) {
    fail(Status::kBadModelFile,
         "a matrix in int8 cannot be cut at output {}, only at multiples of {}", first,
         cpu::kPanelOutputs);
  }
  const int64_t panels = cpu::int8_panels(count);
  return {data.narrow(0, first / cpu::kPanelOutputs, panels),
          scale.narrow(0, first, panels * cpu::kPanelOutputs), count, inputs};
}

Int8Matrix to_int8(const at::Tensor& weight) {
  constexpr int64_t kZero = 128;  // what is added to fill a panel
  Int8Matrix matrix;
  matrix.outputs = weight.size(0);
  matrix.inputs = weight.size(1);
  const int64_t panels = cpu::int8_panels(matrix.outputs);
  const int64_t groups = cpu::int8_padded(matrix.inputs) / cpu::kGroupInputs;
  matrix.data = at::full({panels, groups, cpu::kPanelOutputs, cpu::kGroupInputs}, kZero, at::kByte);
  matrix.scale = at::zeros({panels * cpu::kPanelOutputs}, at::kFloat);
  const auto* from = weight.const_data_ptr<float>();
  auto* data = matrix.data.mutable_data_ptr<uint8_t>();
  auto* scale = matrix.scale.mutable_data_ptr<float>();
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    const int64_t last = std::min(end * cpu::kPanelOutputs, matrix.outputs);
    for (int64_t n = begin * cpu::kPanelOutputs; n < last; ++n) {
      uint8_t* to =
          data + (n / cpu::kPanelOutputs * groups * cpu::kPanelOutputs + n % cpu::kPanelOutputs) *
                     cpu::kGroupInputs;
      scale[n] = cpu::pack_int8_row(from + n * matrix.inputs, matrix.inputs, to);
    }
  });
  return matrix;
}

}  // namespace chatterbox::nn
