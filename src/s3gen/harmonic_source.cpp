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

#include <algorithm>

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

// The phase of each harmonic at each sample, [..., H, N], of a pitch [..., N]. The cumulative sum
// runs in double precision, as the reference's does on a CPU: over a long clip fp32 would lose the
// phase. `made` [..., H]: afterwards up to sample `kept`.
at::Tensor harmonic_phases(const at::Tensor& pitch, SourceCycles& made, int64_t kept) {
  const int64_t harmonics = made.size(-1);
  const at::Tensor multiples = at::arange(1, harmonics + 1, pitch.options()).unsqueeze(1);
  at::Tensor cycles = pitch.unsqueeze(-2).mul(multiples).div_(kSampleRate).to(at::kDouble);
  interruption_point();
  cycles.select(-1, 0).add_(made);
  cycles.cumsum_(-1);
  interruption_point();
  if (kept > 0) made = cycles.select(-1, kept - 1).clone();
  return cycles.to(at::kFloat).remainder_(1).mul_(2 * kPi);
}

// In [-π, π), 0 for the fundamental. [..., H, 1]
at::Tensor scale_first_phases(const at::Tensor& uniform) {
  const auto pi = static_cast<float>(kPi);
  at::Tensor phases = uniform.mul(pi + pi).sub_(pi);
  phases.select(-2, 0).zero_();
  return phases;
}

// How loud the noise is where the speech is voiced and where it is not.
at::Tensor noise_level(const at::Tensor& voiced) {
  return voiced.mul(kVoicedNoise).add_(voiced.neg().add_(1).mul_(kSineAmplitude).div_(3));
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
  model.weight_there = reader.get("weight", {1, reader.dim("weight", 1)});
  model.bias_there = reader.get("bias", {1});
  model.weight = model.weight_there.cpu();
  model.bias = model.bias_there.cpu();
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
  at::Tensor waves = harmonic_phases(pitch, cycles, pitch.size(0));
  interruption_point();
  waves.add_(scale_first_phases(noise.first_phases)).sin_().mul_(kSineAmplitude);
  interruption_point();

  const at::Tensor voiced = pitch.gt(kVoicedThreshold).to(at::kFloat);
  const at::Tensor level = noise_level(voiced);
  interruption_point();
  waves.mul_(voiced).add_(noise.normals.mul(level));
  interruption_point();
  return merge(model, waves).tanh_();
}

MergedNoise merge_noise(const HarmonicSource& model, const std::vector<SourceNoise>& rows) {
  int64_t longest = 0;
  for (const SourceNoise& row : rows) longest = std::max(longest, row.normals.size(1));
  const auto count = static_cast<int64_t>(rows.size());
  MergedNoise merged{at::empty({count, model.weight.size(1)}, at::kFloat),
                     at::zeros({count, longest}, at::kFloat)};
  for (int64_t i = 0; i < count; ++i) {
    interruption_point();
    const SourceNoise& row = rows[static_cast<size_t>(i)];
    merged.first_phases[i].copy_(row.first_phases.squeeze(1));
    at::Tensor sum = merged.normals[i].narrow(0, 0, row.normals.size(1));
    for (int64_t harmonic = 0; harmonic < row.normals.size(0); ++harmonic) {
      sum.add_(row.normals[harmonic], model.weight[0][harmonic].item());
    }
  }
  return merged;
}

at::Tensor make_sources(const HarmonicSource& model, const at::Tensor& f0,
                        int64_t samples_per_frame, const MergedNoise& noise, SourceCycles& cycles,
                        int64_t kept) {
  const at::Tensor pitch = f0.repeat_interleave(samples_per_frame, /*dim=*/1);  // [B, N]
  at::Tensor waves = harmonic_phases(pitch, cycles, kept);
  waves.add_(scale_first_phases(noise.first_phases.unsqueeze(2))).sin_().mul_(kSineAmplitude);
  at::Tensor sum = waves.mul_(model.weight_there.unsqueeze(2)).sum(1);
  const at::Tensor voiced = pitch.gt(kVoicedThreshold).to(at::kFloat);
  return sum.mul_(voiced)
      .add_(noise.normals.mul(noise_level(voiced)))
      .add_(model.bias_there)
      .tanh_();
}

}  // namespace chatterbox::s3gen
