#include "s3gen/estimator.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "s3gen/causal_conv.h"
#include "s3gen/frame_estimator.h"
#include "s3gen/sizes.h"

namespace chatterbox::s3gen {
namespace {

constexpr int64_t kConvKernel = 3;  // decoder.py: of the convolutions after down and up

Estimator::Stage read_stage(const nn::WeightReader& reader, int64_t in, int64_t time_size) {
  Estimator::Stage stage;
  const nn::WeightReader plain = reader.with(reader.placement().without_int8());
  stage.resnet = read_causal_resnet(plain.scope("0"), in, time_size);
  const int64_t size = stage.resnet.shortcut.outputs();
  const int64_t blocks = reader.count("1");
  for (int64_t i = 0; i < blocks; ++i) {
    stage.transformers.push_back(read_transformer_block(reader.scope("1", i), size));
  }
  return stage;
}

// The convolution and the shortcut of the down stage are linear: they are the sum of what they make
// of each part of the input.
void split_input(Estimator& estimator) {
  const CausalResnet& resnet = estimator.down.resnet;
  const FrameConv& conv = resnet.block1.conv;
  const int64_t fixed = conv.weight.size(1) - kMelChannels;
  estimator.state_conv = conv;
  estimator.fixed_conv = conv;
  const auto part = [&](int64_t first, int64_t count) {
    return conv.weight.narrow(1, first, count).contiguous(at::MemoryFormat::ChannelsLast);
  };
  estimator.state_conv.weight = part(0, kMelChannels);
  estimator.state_conv.bias = at::Tensor();
  estimator.fixed_conv.weight = part(kMelChannels, fixed);
  const nn::Linear& shortcut = resnet.shortcut;
  estimator.state_shortcut = nn::narrow_inputs(shortcut, 0, kMelChannels, nn::Bias::kNo);
  estimator.fixed_shortcut = nn::narrow_inputs(shortcut, kMelChannels, fixed, nn::Bias::kYes);
}

void forget_layers(Estimator::Stage& stage) {
  stage.resnet = {stage.resnet.time, {}, {}, {}};
  stage.transformers.clear();
}

void pack_for_kernels(Estimator& estimator, const nn::Placement& placement) {
  if (!runs_on_frame_kernels(placement) || !fits_kernels(estimator)) return;
  estimator.frames = std::make_shared<const FrameEstimator>(pack_estimator(estimator));
  forget_layers(estimator.down);
  for (Estimator::Stage& stage : estimator.middle) forget_layers(stage);
  forget_layers(estimator.up);
  estimator.down_conv = estimator.up_conv = estimator.state_conv = {};
  estimator.last = {};
  estimator.project = estimator.state_shortcut = {};
}

void run_transformers(const Estimator::Stage& stage, at::Tensor& x, const at::Tensor& padding,
                      FrameHistory& history) {
  for (const TransformerBlock& block : stage.transformers) {
    transform(block, x, padding, history);
  }
}

at::Tensor run_stage(const Estimator::Stage& stage, const at::Tensor& x, const at::Tensor& shift,
                     const at::Tensor& padding, FrameHistory& history) {
  at::Tensor y = run(stage.resnet, x, shift, history);
  run_transformers(stage, y, padding, history);
  return y;
}

// What a layer makes of the conditions, and beside it, for guidance, what it makes of zeros: its
// bias. [G, B, T, C]
at::Tensor with_unconditional(const at::Tensor& conditional, const at::Tensor& bias, bool guided) {
  if (!guided) return conditional.unsqueeze(0);
  return at::stack({conditional, bias.to(conditional.scalar_type()).expand_as(conditional)});
}

// What each step knows of its time, and of a mean flow also of its end: [S, E].
at::Tensor embed_steps(const Estimator& estimator, const at::Tensor& times,
                       const at::TensorOptions& options) {
  const int64_t steps = times.size(0) - 1;
  at::Tensor starts = embed_times(estimator.time, times.narrow(0, 0, steps), options);
  if (!meanflow(estimator)) return starts;
  const at::Tensor ends = embed_times(estimator.time, times.narrow(0, 1, steps), options);
  return nn::linear(at::cat({starts, ends}, 1), estimator.time_mixer);
}

// Of an activation, where libtorch computes.
int64_t item_size(const Estimator& estimator) {
  return static_cast<int64_t>(estimator.fixed_conv.weight.element_size());
}

// Of the layers that look back.
struct Depth {
  int64_t blocks, middle;        // transformers, and stages between down and up
  int64_t channels, inner, mel;  // of a frame: in convolutions, in attention, in the first one
};

Depth depth_of(const Estimator& estimator) {
  const auto of_stages = [](const auto& stages, const auto& conv_outputs, const auto& inner,
                            int64_t mel) {
    auto blocks =
        static_cast<int64_t>(stages.down.transformers.size() + stages.up.transformers.size());
    for (const auto& stage : stages.middle) {
      blocks += static_cast<int64_t>(stage.transformers.size());
    }
    return Depth{blocks, static_cast<int64_t>(stages.middle.size()), conv_outputs, inner, mel};
  };
  if (estimator.frames) {
    const FrameEstimator& frames = *estimator.frames;
    return of_stages(frames, frames.down_conv.outputs,
                     frames.down.transformers.front().out.inputs(), nn::cpu::padded(kMelChannels));
  }
  return of_stages(estimator, estimator.down_conv.outputs(),
                   estimator.down.transformers.front().out.inputs(), kMelChannels);
}

}  // namespace

int64_t state_bytes(const Estimator& estimator, int64_t frames, bool guided) {
  constexpr int64_t kSeen = kConvKernel - 1;
  const Depth depth = depth_of(estimator);
  // Two convolutions in each stage, of which the first of down is of the mel and that of up has
  // two inputs; those after down and up; the last.
  const int64_t convolved = (2 * depth.middle + 7) * depth.channels;
  const int64_t row = kSeen * convolved + 2 * depth.blocks * frames * depth.inner;
  const int64_t size = estimator.frames ? int64_t{sizeof(nn::cpu::Bf16)} : item_size(estimator);
  return ((guided ? 2 : 1) * row + kSeen * depth.mel) * size;
}

int64_t fixed_state_bytes(const Estimator& estimator) {
  return (kConvKernel - 1) * estimator.fixed_conv.inputs() * item_size(estimator);
}

bool meanflow(const Estimator& estimator) { return estimator.time_mixer.defined(); }

Estimator read_estimator(const nn::WeightReader& blocks) {
  constexpr int64_t kInputs = 4 * kMelChannels;  // x, mu, speaker, prompt
  const nn::WeightReader reader = blocks.with(blocks.placement().without_int8());
  Estimator estimator;
  estimator.time = read_time_embedding(reader.scope("time_mlp"));
  const int64_t time_size = estimator.time.outer.outputs();
  if (reader.has("time_embed_mixer.weight")) {
    estimator.time_mixer =
        nn::read_linear(reader, "time_embed_mixer", time_size, 2 * time_size, nn::Bias::kNo);
  }
  const nn::WeightReader down = reader.scope("down_blocks", 0);
  const nn::WeightReader up = reader.scope("up_blocks", 0);
  estimator.down = read_stage(blocks.scope("down_blocks", 0), kInputs, time_size);
  const int64_t size = estimator.down.resnet.shortcut.outputs();
  estimator.down_conv = read_unpadded_conv(down.scope("2"), size, size, kConvKernel);
  const int64_t middle = reader.count("mid_blocks");
  for (int64_t i = 0; i < middle; ++i) {
    estimator.middle.push_back(read_stage(blocks.scope("mid_blocks", i), size, time_size));
  }
  estimator.up = read_stage(blocks.scope("up_blocks", 0), 2 * size, time_size);
  estimator.up_conv = read_unpadded_conv(up.scope("2"), size, size, kConvKernel);
  estimator.last = read_causal_block(reader.scope("final_block"), size, size);
  const nn::WeightReader project = reader.scope("final_proj");  // a convolution of kernel 1
  estimator.project = nn::make_linear(project.get("weight", {kMelChannels, size, 1}).squeeze(2),
                                      project.get("bias", {kMelChannels}), reader.placement());
  split_input(estimator);
  pack_for_kernels(estimator, reader.placement());
  return estimator;
}

EstimatorPlan plan(const Estimator& estimator, const FlowConditions& conditions,
                   const at::Tensor& times, FrameHistory history) {
  const at::Tensor speaker = conditions.speaker.unsqueeze(1).expand_as(conditions.mu);
  const at::Tensor fixed = at::cat({conditions.mu, speaker, conditions.prompt}, 2);
  const bool guided = !meanflow(estimator);
  EstimatorPlan plan;
  plan.lengths = conditions.mask.lengths;
  plan.convolved = with_unconditional(causal_conv(estimator.fixed_conv, fixed, history),
                                      estimator.fixed_conv.bias, guided);
  plan.shortcut = with_unconditional(nn::linear(fixed, estimator.fixed_shortcut),
                                     estimator.fixed_shortcut.bias(), guided);
  plan.padding = attention_padding(conditions.mask, fixed.scalar_type());
  if (guided && plan.padding.defined()) plan.padding = at::cat({plan.padding, plan.padding}, 0);

  const at::Tensor embedding = embed_steps(estimator, times, fixed.options());
  plan.shifts.push_back(time_shift(estimator.down.resnet, embedding));
  for (const Estimator::Stage& stage : estimator.middle) {
    plan.shifts.push_back(time_shift(stage.resnet, embedding));
  }
  plan.shifts.push_back(time_shift(estimator.up.resnet, embedding));
  return plan;
}

EstimatorPlan without_guidance(const EstimatorPlan& plan) {
  EstimatorPlan half = plan;
  half.convolved = plan.convolved.narrow(0, 0, 1);
  half.shortcut = plan.shortcut.narrow(0, 0, 1);
  if (plan.padding.defined()) half.padding = plan.padding.narrow(0, 0, plan.convolved.size(1));
  return half;
}

at::Tensor estimate(const Estimator& estimator, const EstimatorPlan& plan, int64_t step,
                    const at::Tensor& x, FrameHistory history) {
  if (estimator.frames) return estimate(*estimator.frames, plan, step, x, history);
  const at::Tensor state = x.to(plan.convolved.scalar_type());
  // Conditional and unconditional begin with the same x.
  const at::Tensor convolved =
      plan.convolved.add(causal_conv(estimator.state_conv, state, history));
  const at::Tensor shortcut = plan.shortcut.add(nn::linear(state, estimator.state_shortcut));
  at::Tensor h = run_after_input(estimator.down.resnet, convolved.flatten(0, 1),
                                 shortcut.flatten(0, 1), plan.shifts.front()[step], history);
  run_transformers(estimator.down, h, plan.padding, history);
  const at::Tensor skip = h;
  h = causal_conv(estimator.down_conv, h, history);
  for (size_t i = 0; i < estimator.middle.size(); ++i) {
    h = run_stage(estimator.middle[i], h, plan.shifts[i + 1][step], plan.padding, history);
  }
  h = run_stage(estimator.up, at::cat({h, skip}, 2), plan.shifts.back()[step], plan.padding,
                history);
  h = run(estimator.last, causal_conv(estimator.up_conv, h, history), history);
  return nn::linear(h, estimator.project).unflatten(0, {plan.convolved.size(0), x.size(0)});
}

}  // namespace chatterbox::s3gen
