#include "nn/own_step.h"

#include <ATen/ops/empty.h>

namespace chatterbox::nn {

at::Tensor rotate_and_attend(const cuda::Kernels& kernels, const at::Tensor& qkv,
                             const at::Tensor& cache, const StepSpan& span, const RopeTable& rope) {
  const auto rows = static_cast<int>(qkv.size(0)), heads = static_cast<int>(qkv.size(2));
  const bool rotated = rope.cos.defined();
  const at::Tensor workspace = at::empty({cuda::workspace_floats(rows, heads, span.longest)},
                                         qkv.options().dtype(at::kFloat));
  at::Tensor out = at::empty({rows, heads * int64_t{cuda::kHeadSize}}, qkv.options());
  const cuda::DecodeStep step{rows,
                              heads,
                              qkv.mutable_data_ptr(),
                              span.rows.const_data_ptr<int64_t>(),
                              span.positions.const_data_ptr<int64_t>(),
                              rotated ? rope.cos.const_data_ptr<float>() : nullptr,
                              rotated ? rope.sin.const_data_ptr<float>() : nullptr,
                              cache.mutable_data_ptr(),
                              cache.size(3),
                              span.longest,
                              workspace.mutable_data_ptr<float>(),
                              out.mutable_data_ptr()};
  const cuda::Type type = type_of(qkv), cached = type_of(cache);
  const cuda::Stream stream = stream_of(qkv.device());
  check_launch(kernels.rope_and_cache(step, type, cached, stream), "rope_and_cache");
  check_launch(kernels.decode_attention(step, type, cached, stream), "decode_attention");
  return out;
}

at::Tensor gated(const cuda::Kernels& kernels, const at::Tensor& gate_up) {
  const at::Tensor in = gate_up.contiguous();
  const int64_t rows = in.size(0), size = in.size(1) / 2;
  at::Tensor out = at::empty({rows, size}, in.options());
  check_launch(kernels.gated({in.const_data_ptr(), out.mutable_data_ptr(), rows, size}, type_of(in),
                             stream_of(in.device())),
               "gated");
  return out;
}

}  // namespace chatterbox::nn
