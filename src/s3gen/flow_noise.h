// Where the flow begins: noise in the order and the shapes that the reference draws it in, or noise
// by the place of each frame.
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
// The voice's frames [0, prompt), then those of the speech from `first` on: [80, frames] in all.
// The same for both kinds of flow.
[[nodiscard]] at::Tensor noise_by_frame(uint64_t seed, int64_t prompt, int64_t first,
                                        int64_t frames);

}  // namespace chatterbox::s3gen
