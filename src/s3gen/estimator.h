// The estimator of the flow's vector field: a U-Net over mel frames of causal residual blocks and
// transformers. The official one has a single level, so it goes neither down nor up in rate.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "s3gen/causal_resnet.h"
#include "s3gen/frame_mask.h"
#include "s3gen/prompt_states.h"
#include "s3gen/time_embedding.h"
#include "s3gen/transformer_block.h"

namespace chatterbox::s3gen {

struct FrameEstimator;

struct Estimator {
  struct Stage {
    CausalResnet resnet;
    std::vector<TransformerBlock> transformers;
  };
  TimeEmbedding time;
  nn::Linear time_mixer;  // [E, 2 E], of a mean flow; undefined in others
  Stage down;
  FrameConv down_conv;
  std::vector<Stage> middle;
  Stage up;  // also takes what `down` gave
  FrameConv up_conv;
  CausalBlock last;
  nn::Linear project;  // [80, C]

  // The down stage's input is [x, mu, speaker, prompt]: the weights for x, which changes with every
  // step, and for the rest, which does not.
  FrameConv state_conv, fixed_conv;
  nn::Linear state_shortcut, fixed_shortcut;

  // In bfloat16, on a CPU that multiplies it: all that estimate() needs, which then is not above.
  std::shared_ptr<const FrameEstimator> frames;
};

// `reader`: the scope "flow.decoder.estimator". In int8, the transformers' linear layers alone.
[[nodiscard]] Estimator read_estimator(const nn::WeightReader& reader);

// Gives the mean velocity between two times (Geng et al., 2025, arXiv:2505.13447) instead of that
// at one. Such a model was distilled from a guided one and takes no guidance itself.
[[nodiscard]] bool meanflow(const Estimator& estimator);

// What guides the flow. A row of a batch each; the padding of mu and prompt holds zeros.
struct FlowConditions {
  at::Tensor mu;       // [B, T, 80]
  at::Tensor speaker;  // [B, 80]
  at::Tensor prompt;   // [B, T, 80], zeros after the prompt's frames
  FrameMask mask;
};

// What is the same in all steps of a batch, computed once. G is 2, or 1 of a mean flow. The second
// half of 2 B rows is unconditional: mu, speaker and prompt are zeros there (classifier-free
// guidance).
struct EstimatorPlan {
  at::Tensor convolved;            // [G, B, T, C], the fixed part of the first convolution
  at::Tensor shortcut;             // [G, B, T, C], the fixed part of the first shortcut
  at::Tensor padding;              // of attention; undefined where no row is padded
  std::vector<int64_t> lengths;    // of the B rows
  std::vector<at::Tensor> shifts;  // [S, C] of each residual block, from down to up
};
// `times`: of the S steps and of their end, [S + 1], fp32.
[[nodiscard]] EstimatorPlan plan(const Estimator& estimator, const FlowConditions& conditions,
                                 const at::Tensor& times, FrameHistory history = {});
// The conditional half alone, G = 1.
[[nodiscard]] EstimatorPlan without_guidance(const EstimatorPlan& plan);

// The vector field at x [B, T, 80] and times[step], of a mean flow its mean up to times[step + 1]:
// [G, B, T, 80], conditional and unconditional. A row's padding reaches none of its frames:
// convolutions are causal, attention does not see it. After the frames of a history, of the same
// step, there is one row, B = 1.
[[nodiscard]] at::Tensor estimate(const Estimator& estimator, const EstimatorPlan& plan,
                                  int64_t step, const at::Tensor& x, FrameHistory history = {});

// What a pass of estimate() keeps of `frames` frames, with guidance or without.
[[nodiscard]] int64_t state_bytes(const Estimator& estimator, int64_t frames, bool guided);
// What plan() does.
[[nodiscard]] int64_t fixed_state_bytes(const Estimator& estimator);

}  // namespace chatterbox::s3gen
