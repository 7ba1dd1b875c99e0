#include "s3gen/flow_noise.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>

#include "s3gen/placed_noise.h"
#include "s3gen/sizes.h"

namespace chatterbox::s3gen {

// flow_matching.py, CausalConditionalCFM
at::Tensor draw_noise(const at::Generator& generator, int64_t frames) {
  return at::randn({kMelChannels, frames}, generator, at::TensorOptions(at::kFloat));
}

// s3gen.py, flow_inference
at::Tensor draw_meanflow_noise(const at::Generator& generator, int64_t frames, int64_t speech) {
  const at::Tensor of_speech = draw_noise(generator, speech);
  at::Tensor noise = draw_noise(generator, frames);
  noise.narrow(1, frames - speech, speech).copy_(of_speech);
  return noise;
}

at::Tensor noise_by_frame(uint64_t seed, int64_t prompt, int64_t first, int64_t frames) {
  at::Tensor noise = at::empty({kMelChannels, frames}, at::kFloat);
  auto* row = noise.mutable_data_ptr<float>();
  for (int64_t channel = 0; channel < kMelChannels; ++channel, row += frames) {
    placed_normals({seed, NoiseSpace::kPromptFrames, channel}, 0, prompt, row);
    placed_normals({seed, NoiseSpace::kSpeechFrames, channel}, first, frames - prompt,
                   row + prompt);
  }
  return noise;
}

}  // namespace chatterbox::s3gen
