#include "nn/cpu/parallel.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <type_traits>

#include "nn/cpu/each_part.h"
#include "nn/cpu/kernels.h"

namespace chatterbox::nn::cpu {
namespace {

// Outputs that a thread computes at a time; a multiple of the kernels' block.
constexpr int64_t kOutputsPerTask = 16;

int64_t tasks_of(int64_t outputs) { return (outputs + kOutputsPerTask - 1) / kOutputsPerTask; }

// Activations as the kernels for weights of type W want them.
template <class W>
struct KernelRows {
  explicit KernelRows(const at::Tensor& x)
      : rows{x.const_data_ptr<float>(), x.size(0), x.size(1), x.stride(0)} {
    if (!std::is_same_v<W, Bf16> || !kernels().rounded_rows) return;
    rounded = x.to(at::kBFloat16);
    rows.rounded = static_cast<const Bf16*>(rounded.const_data_ptr());
  }
  Rows rows;
  at::Tensor rounded;
};

template <class T>
const T* data(const at::Tensor& tensor) {
  return static_cast<const T*>(tensor.const_data_ptr());
}

template <class W>
using LinearKernel = void (*TypedKernels<W>::*)(const LinearArgs<W>&, int64_t, int64_t);

template <class W>
void linear_typed(const at::Tensor& x, const std::vector<LinearOutput>& outputs,
                  LinearKernel<W> which) {
  const KernelRows<W> input(x);
  std::vector<LinearArgs<W>> args;
  std::vector<at::Tensor> biases;
  std::vector<int64_t> first_task = {0};
  for (const LinearOutput& output : outputs) {
    biases.push_back(output.bias.defined() ? output.bias.to(at::kFloat) : at::Tensor());
    args.push_back({input.rows, data<W>(output.weight),
                    biases.back().defined() ? biases.back().const_data_ptr<float>() : nullptr,
                    output.y.mutable_data_ptr<float>(), output.y.stride(0), output.accumulate});
    first_task.push_back(first_task.back() + tasks_of(output.weight.size(0)));
  }
  const auto kernel = typed<W>(kernels()).*which;
  at::parallel_for(0, first_task.back(), 1, [&](int64_t begin, int64_t end) {
    for (size_t i = 0; i < args.size(); ++i) {
      const int64_t from = std::max(begin, first_task[i]) - first_task[i];
      const int64_t to = std::min(end, first_task[i + 1]) - first_task[i];
      if (from >= to) continue;
      kernel(args[i], from * kOutputsPerTask,
             std::min(to * kOutputsPerTask, outputs[i].weight.size(0)));
    }
  });
}

template <class W>
void swiglu_typed(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& up,
                  const at::Tensor& y) {
  const KernelRows<W> input(x);
  const SwigluArgs<W> args{input.rows, data<W>(gate), data<W>(up), y.mutable_data_ptr<float>(),
                           y.stride(0)};
  const int64_t outputs = gate.size(0);
  const auto kernel = typed<W>(kernels()).swiglu;
  at::parallel_for(0, tasks_of(outputs), 1, [&](int64_t begin, int64_t end) {
    kernel(args, begin * kOutputsPerTask, std::min(end * kOutputsPerTask, outputs));
  });
}

template <class C>
void attention_typed(const CachedAttention& args, const at::Tensor& out) {
  const int64_t heads = args.q.size(1) / kHeadSize;
  const int64_t head_stride = args.k_cache.stride(1);
  const int64_t row_stride = args.k_cache.stride(0);
  auto* k_cache = static_cast<C*>(args.k_cache.mutable_data_ptr());
  auto* v_cache = static_cast<C*>(args.v_cache.mutable_data_ptr());
  const auto* q = args.q.const_data_ptr<float>();
  const auto* k = args.k.const_data_ptr<float>();
  const auto* v = args.v.const_data_ptr<float>();
  const bool rotated = args.cos.defined();
  const auto* cos = rotated ? args.cos.const_data_ptr<float>() : nullptr;
  const auto* sin = rotated ? args.sin.const_data_ptr<float>() : nullptr;
  auto* y = out.mutable_data_ptr<float>();
  const auto kernel = typed<C>(kernels()).attention;
  at::parallel_for(0, args.q.size(0) * heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto r = static_cast<size_t>(i / heads);
      const int64_t cache = args.rows[r] * row_stride + (i % heads) * head_stride;
      const int64_t angles = rotated ? args.positions[r] * (kHeadSize / 2) : 0;
      const int64_t offset = i * kHeadSize;
      kernel({q + offset, k + offset, v + offset, cos + angles, sin + angles, k_cache + cache,
              v_cache + cache, args.positions[r], y + offset});
    }
  });
}

}  // namespace

void linear(const at::Tensor& x, const std::vector<LinearOutput>& outputs) {
  if (outputs[0].weight.scalar_type() == at::kFloat) {
    linear_typed<float>(x, outputs, &TypedKernels<float>::linear);
  } else {
    linear_typed<Bf16>(x, outputs, &TypedKernels<Bf16>::linear);
  }
}

void linear_gelu(const at::Tensor& x, const LinearOutput& output) {
  if (output.weight.scalar_type() == at::kFloat) {
    linear_typed<float>(x, {output}, &TypedKernels<float>::linear_gelu);
  } else {
    linear_typed<Bf16>(x, {output}, &TypedKernels<Bf16>::linear_gelu);
  }
}

void swiglu(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& up,
            const at::Tensor& y) {
  if (gate.scalar_type() == at::kFloat) {
    swiglu_typed<float>(x, gate, up, y);
  } else {
    swiglu_typed<Bf16>(x, gate, up, y);
  }
}

void rms_norm(const at::Tensor& x, const at::Tensor& weight, float eps, const at::Tensor& y) {
  constexpr int64_t kRowsPerTask = 16;  // below, waking a thread costs more than the norm
  const int64_t size = x.size(-1);
  const auto* from = x.const_data_ptr<float>();
  const auto* scale = weight.const_data_ptr<float>();
  auto* to = y.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel() / size, kRowsPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      kernels().rms_norm(from + r * size, scale, eps, size, to + r * size);
    }
  });
}

at::Tensor attention(const CachedAttention& args) {
  at::Tensor out = at::empty(args.q.sizes(), args.q.options());
  if (args.k_cache.scalar_type() == at::kFloat) {
    attention_typed<float>(args, out);
  } else {
    attention_typed<Bf16>(args, out);
  }
  return out;
}

at::Tensor self_attention(const at::Tensor& qkv, int64_t first) {
  const at::Tensor packed = qkv.contiguous();
  const int64_t batch = packed.size(0);
  const int64_t length = packed.size(1);
  const int64_t stride = packed.size(2);
  const int64_t size = stride / 3;
  const int64_t heads = size / kHeadSize;
  at::Tensor out = at::empty({batch, length - first, size}, packed.options());
  const auto* from = packed.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  const int64_t scratch_size = kernels().self_attention_scratch(length);
  const at::Tensor scratch = at::empty({at::get_num_threads(), scratch_size}, packed.options());
  auto* memory = scratch.mutable_data_ptr<float>();
  const int64_t parts = attention_parts(length - first, length);
  const int64_t count = (length - first + parts - 1) / parts;  // queries of a part
  for_each_part(batch * heads * parts, [&](int64_t i) {
    const int64_t row = i / parts / heads;
    const int64_t column = i / parts % heads * kHeadSize;
    const float* q = from + row * length * stride + column;
    const int64_t begin = std::min(first + i % parts * count, length);
    kernels().self_attention({q, q + size, q + 2 * size, stride, length, begin,
                              std::min(begin + count, length),
                              to + (row * (length - first) + begin - first) * size + column, size,
                              memory + at::get_thread_num() * scratch_size});
  });
  return out;
}

}  // namespace chatterbox::nn::cpu
