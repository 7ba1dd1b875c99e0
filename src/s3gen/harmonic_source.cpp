#include "s3gen/harmonic_source.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tanh.h>

#include <cmath>

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
at::Tensor harmonic_phases(const at::Tensor& pitch, int64_t harmonics) {
  const at::Tensor multiples = at::arange(1, harmonics + 1, at::kFloat).unsqueeze(1);
  const at::Tensor cycles = pitch.unsqueeze(0).mul(multiples).div_(kSampleRate);
  return at::cumsum(cycles, 1).remainder_(1).mul_(2 * kPi);
}

// Uniform in [-π, π), 0 for the fundamental. [H, 1]
at::Tensor draw_first_phases(int64_t harmonics, const at::Generator& generator) {
  const auto pi = static_cast<float>(kPi);
  at::Tensor phases = at::rand({harmonics, 1}, generator, at::TensorOptions(at::kFloat));
  phases.mul_(pi + pi).sub_(pi);
  phases[0].zero_();
  return phases;
}

}  // namespace

HarmonicSource read_harmonic_source(const nn::WeightReader& reader) {
  HarmonicSource model;
  model.weight = reader.get("weight", {1, reader.dim("weight", 1)}).cpu();
  model.bias = reader.get("bias", {1}).cpu();
  return model;
}

at::Tensor make_source(const HarmonicSource& model, const at::Tensor& f0, int64_t samples_per_frame,
                       const at::Generator& generator) {
  const int64_t harmonics = model.weight.size(1);
  const at::Tensor pitch = f0.cpu().repeat_interleave(samples_per_frame);  // [N]
  at::Tensor waves = harmonic_phases(pitch, harmonics);
  waves.add_(draw_first_phases(harmonics, generator)).sin_().mul_(kSineAmplitude);

  const at::Tensor voiced = pitch.gt(kVoicedThreshold).to(at::kFloat);
  const at::Tensor noise_level =
      voiced.mul(kVoicedNoise).add_(voiced.neg().add_(1).mul_(kSineAmplitude).div_(3));
  const at::Tensor noise =
      at::randn(waves.sizes(), generator, at::TensorOptions(at::kFloat)).mul_(noise_level);
  waves.mul_(voiced).add_(noise);
  return at::addmm(model.bias, model.weight, waves).tanh_().squeeze(0);
}

}  // namespace chatterbox::s3gen
