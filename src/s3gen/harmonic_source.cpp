#include "s3gen/harmonic_source.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include "s3gen/placed_noise.h"
#include "support/interruption.h"

namespace chatterbox::s3gen {
namespace {

// hifigan.py: SineGen as HiFTGenerator makes it.
constexpr double kSampleRate = 24000.0;
constexpr double kSineAmplitude = 0.1;
constexpr double kVoicedNoise = 0.003;
constexpr double kVoicedThreshold = 10.0;  // Hz
constexpr double kPi = 3.14159265358979323846;

// The phase of each harmonic at each sample, [H, N]. The cumulative sum runs in the CPU's double
// precision, as the reference's does: over a long clip fp32 would lose the phase.
at::Tensor harmonic_phases(const at::Tensor& pitch, SourceCycles& made) {
  const int64_t harmonics = made.size(0);
  const at::Tensor multiples = at::arange(1, harmonics + 1, at::kFloat).unsqueeze(1);
  at::Tensor cycles = pitch.unsqueeze(0).mul(multiples).div_(kSampleRate).to(at::kDouble);
  interruption_point();
  cycles.select(1, 0).add_(made);
  cycles.cumsum_(1);
  interruption_point();
  made = cycles.select(1, -1).clone();
  return cycles.to(at::kFloat).remainder_(1).mul_(2 * kPi);
}

// In [-π, π), 0 for the fundamental. [H, 1]
at::Tensor scale_first_phases(const at::Tensor& uniform) {
  const auto pi = static_cast<float>(kPi);
  at::Tensor phases = uniform.mul(pi + pi).sub_(pi);
  phases[0].zero_();
  return phases;
}

// [H, N] to [N]. A product of matrices may add up in another order where there are fewer samples.
at::Tensor merge(const HarmonicSource& model, const at::Tensor& waves) {
  at::Tensor sum = model.bias.expand({waves.size(1)}).clone();
  for (int64_t harmonic = 0; harmonic < waves.size(0); ++harmonic) {
    sum.add_(waves[harmonic], model.weight[0][harmonic].item());
  }
  return sum;
}

}  // namespace

HarmonicSource read_harmonic_source(const nn::WeightReader& reader) {
  HarmonicSource model;
  model.weight = reader.get("weight", {1, reader.dim("weight", 1)}).cpu();
  model.bias = reader.get("bias", {1}).cpu();
  return model;
}

SourceNoise draw_source_noise(const HarmonicSource& model, int64_t samples,
                              const at::Generator& generator) {
  const int64_t harmonics = model.weight.size(1);
  at::Tensor phases = at::rand({harmonics, 1}, generator, at::TensorOptions(at::kFloat));
  return {phases, at::randn({harmonics, samples}, generator, at::TensorOptions(at::kFloat))};
}

SourceNoise place_source_noise(const HarmonicSource& model, int64_t first, int64_t samples,
                               uint64_t seed) {
  const int64_t harmonics = model.weight.size(1);
  SourceNoise noise{at::empty({harmonics, 1}, at::kFloat),
                    at::empty({harmonics, samples}, at::kFloat)};
  auto* phases = noise.first_phases.mutable_data_ptr<float>();
  auto* normals = noise.normals.mutable_data_ptr<float>();
  for (int64_t harmonic = 0; harmonic < harmonics; ++harmonic) {
    interruption_point();
    phases[harmonic] = placed_uniform({seed, NoiseSpace::kFirstPhases, harmonic}, 0);
    placed_normals({seed, NoiseSpace::kSourceSamples, harmonic}, first, samples,
                   normals + harmonic * samples);
  }
  return noise;
}

SourceCycles no_cycles(const HarmonicSource& model) {
  return at::zeros({model.weight.size(1)}, at::kDouble);
}

at::Tensor make_source(const HarmonicSource& model, const at::Tensor& f0, int64_t samples_per_frame,
                       const SourceNoise& noise, SourceCycles& cycles) {
  const at::Tensor pitch = f0.cpu().repeat_interleave(samples_per_frame);  // [N]
  at::Tensor waves = harmonic_phases(pitch, cycles);
  interruption_point();
  waves.add_(scale_first_phases(noise.first_phases)).sin_().mul_(kSineAmplitude);
  interruption_point();

  const at::Tensor voiced = pitch.gt(kVoicedThreshold).to(at::kFloat);
  const at::Tensor noise_level =
      voiced.mul(kVoicedNoise).add_(voiced.neg().add_(1).mul_(kSineAmplitude).div_(3));
  interruption_point();
  waves.mul_(voiced).add_(noise.normals.mul(noise_level));
  interruption_point();
  return merge(model, waves).tanh_();
}

}  // namespace chatterbox::s3gen
