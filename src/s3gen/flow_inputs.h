// What a batch of the flow needs from the host, brought to the model's device in one copy.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "s3gen/flow.h"
#include "s3gen/frame_mask.h"

namespace chatterbox::s3gen {

inline constexpr int64_t kXVectorSize = 192;

// Of a row, those of its voice's recording and all.
[[nodiscard]] int64_t prompt_tokens(const FlowRow& row);
[[nodiscard]] int64_t tokens(const FlowRow& row);
// Frames of the voice's tokens.
[[nodiscard]] int64_t prompt_frames(const FlowRow& row);
// The first frame that is wanted. What the voice has more than its tokens ask for is taken from the
// first speech.
[[nodiscard]] int64_t first_wanted(const FlowRow& row);

struct FlowInputs {
  FrameMask tokens, frames;
  at::Tensor ids;        // [B, longest], int64, 0 in the padding
  at::Tensor x_vectors;  // [B, 192], of length 1
  at::Tensor prompts;    // [B, P, 80]: the voices' mels, zeros in the padding
  at::Tensor noise;      // [B, T, 80], fp32
  at::Tensor times;      // as they were given
};

// Draws from the rows' generators. times [S + 1], on the CPU.
[[nodiscard]] FlowInputs take_inputs(const Flow& flow, const std::vector<FlowRow>& rows,
                                     const at::Tensor& times);
// The voices' mels at the beginning of zeros, [B, T, 80], and the parts' conditions.
[[nodiscard]] at::Tensor prompt_mels(const std::vector<FlowRow>& rows, const FlowInputs& inputs,
                                     const at::TensorOptions& options);

}  // namespace chatterbox::s3gen
