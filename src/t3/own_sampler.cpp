#include "t3/own_sampler.h"

#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

const uint8_t* bytes(const at::Tensor& flags) {
  return reinterpret_cast<const uint8_t*>(flags.const_data_ptr<bool>());
}

nn::cuda::Sampler arguments(const SamplerTensors& tensors, const StepInput& in) {
  nn::cuda::Sampler s{};
  s.logits = tensors.logits.const_data_ptr<float>();
  s.seen = reinterpret_cast<uint8_t*>(tensors.seen.mutable_data_ptr<bool>());
  s.conditional = in.conditional.const_data_ptr<int64_t>();
  s.unconditional = in.unconditional.const_data_ptr<int64_t>();
  s.top_k = in.warping.top_k.const_data_ptr<int64_t>();
  s.first_draw = bytes(in.first_draw);
  s.suppressed = bytes(in.suppressed);
  s.forced = bytes(in.forced);
  s.greedy = bytes(in.greedy);
  s.guidance = in.guidance.const_data_ptr<float>();
  s.repetition_penalty = in.warping.repetition_penalty.const_data_ptr<float>();
  s.temperature = in.warping.temperature.const_data_ptr<float>();
  s.min_p = in.warping.min_p.const_data_ptr<float>();
  s.top_p = in.warping.top_p.const_data_ptr<float>();
  s.tokens = tensors.tokens.mutable_data_ptr<int64_t>();
  s.finite = tensors.finite.mutable_data_ptr<float>();
  s.count = static_cast<int32_t>(tensors.tokens.size(0));
  s.ids = static_cast<int32_t>(tensors.logits.size(1));
  s.start_of_speech = static_cast<int32_t>(kStartSpeech);
  s.end_of_speech = static_cast<int32_t>(kStopSpeech);
  s.penalise_last = tensors.family == SamplingFamily::kPlain;
  return s;
}

}  // namespace

void draw_by_kernel(const nn::cuda::Kernels& kernels, const SamplerTensors& tensors,
                    const StepInput& in, const at::Tensor& exponentials) {
  nn::cuda::Sampler s = arguments(tensors, in);
  s.exponentials = exponentials.const_data_ptr<float>();
  nn::check_launch(kernels.sample(s, nn::stream_of(exponentials.device())), "sample");
}

void mark_by_kernel(const nn::cuda::Kernels& kernels, const SamplerTensors& tensors,
                    const StepInput& in) {
  const nn::cuda::Stream stream = nn::stream_of(tensors.tokens.device());
  nn::check_launch(kernels.mark_drawn(arguments(tensors, in), stream), "mark_drawn");
}

}  // namespace chatterbox::t3
