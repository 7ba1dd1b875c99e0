// The sampler as one kernel of a device (nn/device_kernels.h), in place of some 30 operators.
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/device_kernels.h"
#include "t3/sampler.h"
#include "t3/step_plan.h"

namespace chatterbox::t3 {

// What all sequences draw from, of all rows of the cache, and what comes of it.
struct SamplerTensors {
  SamplingFamily family;
  const at::Tensor& logits;  // [rows, vocabulary] fp32
  const at::Tensor& seen;    // [rows, vocabulary] bool
  const at::Tensor& tokens;  // [B] int64
  const at::Tensor& finite;  // [B] fp32; no number where a logit is none
};

// Marks nothing. `exponentials`: [B, vocabulary] fp32.
void draw_by_kernel(const nn::cuda::Kernels& kernels, const SamplerTensors& tensors,
                    const StepInput& in, const at::Tensor& exponentials);
// Marks what was drawn.
void mark_by_kernel(const nn::cuda::Kernels& kernels, const SamplerTensors& tensors,
                    const StepInput& in);

}  // namespace chatterbox::t3
