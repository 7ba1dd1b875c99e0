// Parts of a decode step on own kernels of a device (device_kernels.h), in place of several
// operators each. Nothing depends on what the host knows but the shapes.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/attention.h"
#include "nn/device_kernels.h"
#include "nn/rope.h"

namespace chatterbox::nn {

// qkv [R, 3, H, 64]: queries, keys, values, not rotated yet; the queries are rotated in place. They
// attend to each row's own positions of cache [rows, 2, H, P, 64], fp32 or bf16, after the keys and
// values were written there. `rope`: undefined tensors where nothing is rotated. [R, H 64]
[[nodiscard]] at::Tensor rotate_and_attend(const cuda::Kernels& kernels, const at::Tensor& qkv,
                                           const at::Tensor& cache, const StepSpan& span,
                                           const RopeTable& rope);
// silu(gate) * up of [N, 2 F], side by side. [N, F]
[[nodiscard]] at::Tensor gated(const cuda::Kernels& kernels, const at::Tensor& gate_up);

}  // namespace chatterbox::nn
