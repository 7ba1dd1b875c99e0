#include "nn/cpu/parallel_int8.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace chatterbox::nn::cpu {
namespace {

// Rows of activations, rounded; all in one piece of memory.
class QuantisedRows {
 public:
  explicit QuantisedRows(const at::Tensor& x) {
    const int64_t rows = x.size(0);
    const int64_t size = x.size(1);
    const int64_t stride = int8_kernels().row_bytes(size);
    memory_ = at::empty({rows * (stride + kNumberBytes)}, at::kByte);
    auto* data = memory_.mutable_data_ptr<uint8_t>();
    auto* scale = reinterpret_cast<float*>(data + rows * stride);
    auto* sum = reinterpret_cast<int32_t*>(scale + rows);
    rows_ = {data, rows, stride, scale, sum};
    const auto* from = x.const_data_ptr<float>();
    const int64_t x_stride = x.stride(0);
    at::parallel_for(0, rows, std::max<int64_t>(1, kGrain / size), [&](int64_t begin, int64_t end) {
      int8_kernels().quantise({from + begin * x_stride, end - begin, size, x_stride,
                               data + begin * stride, stride, scale + begin, sum + begin});
    });
  }

  [[nodiscard]] const Int8Rows& view() const { return rows_; }

 private:
  static constexpr int64_t kNumberBytes = sizeof(float) + sizeof(int32_t);
  static constexpr int64_t kGrain = 1 << 14;  // values: below, waking a thread takes longer

  at::Tensor memory_;
  Int8Rows rows_{};
};

using LinearKernel = void (*Int8Kernels::*)(const Int8LinearArgs&, int64_t, int64_t);

// Rows that stay in the second cache while all panels meet them.
constexpr int64_t kRowsAtATime = 128;

// Some rows of a product.
Int8LinearArgs part_of(Int8LinearArgs args, int64_t first, int64_t rows) {
  args.x.data = static_cast<const char*>(args.x.data) + first * args.x.stride;
  args.x.rows = rows;
  args.x.scale += first;
  args.x.sum += first;
  args.y += first * args.y_stride;
  return args;
}

void run(const at::Tensor& x, const std::vector<Int8Output>& outputs, LinearKernel which) {
  const QuantisedRows rows(x);
  std::vector<Int8LinearArgs> args;
  std::vector<int64_t> first_panel = {0};
  for (const Int8Output& output : outputs) {
    args.push_back({rows.view(), output.weights,
                    output.bias.defined() ? output.bias.const_data_ptr<float>() : nullptr,
                    output.y.mutable_data_ptr<float>(), output.y.stride(0), output.accumulate});
    first_panel.push_back(first_panel.back() + int8_panels(output.weights.outputs));
  }
  const auto kernel = int8_kernels().*which;
  const int64_t panels = first_panel.back();
  const int64_t parts = (x.size(0) + kRowsAtATime - 1) / kRowsAtATime;
  at::parallel_for(0, parts * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin / panels; part * panels < end; ++part) {
      const int64_t first = part * kRowsAtATime;
      const int64_t count = std::min(kRowsAtATime, x.size(0) - first);
      const int64_t before = part * panels;
      for (size_t i = 0; i < args.size(); ++i) {
        const int64_t from = std::max(begin - before, first_panel[i]) - first_panel[i];
        const int64_t to = std::min(end - before, first_panel[i + 1]) - first_panel[i];
        if (from < to) kernel(part_of(args[i], first, count), from, to);
      }
    }
  });
}

}  // namespace

void int8_linear(const at::Tensor& x, const std::vector<Int8Output>& outputs) {
  run(x, outputs, &Int8Kernels::linear);
}

void int8_linear_gelu(const at::Tensor& x, const Int8Output& output) {
  run(x, {output}, &Int8Kernels::linear_gelu);
}

void int8_swiglu(const at::Tensor& x, const Int8Weights& gate, const Int8Weights& up,
                 const at::Tensor& y) {
  const QuantisedRows rows(x);
  const Int8SwigluArgs args{rows.view(), gate, up, y.mutable_data_ptr<float>(), y.stride(0)};
  at::parallel_for(0, int8_panels(gate.outputs), 1,
                   [&](int64_t begin, int64_t end) { int8_kernels().swiglu(args, begin, end); });
}

}  // namespace chatterbox::nn::cpu
