// Where the flow begins: noise in the order and the shapes that the reference draws it in.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

namespace chatterbox::s3gen {

// One draw of all frames, prompt and speech. [80, frames], fp32, on the CPU.
[[nodiscard]] at::Tensor draw_noise(const at::Generator& generator, int64_t frames);
// Two draws: the `speech` frames at first, then all. What the second gives for the speech, which is
// the end, is replaced by the first.
[[nodiscard]] at::Tensor draw_meanflow_noise(const at::Generator& generator, int64_t frames,
                                             int64_t speech);

}  // namespace chatterbox::s3gen
