// The excitation of HiFT: sines at the pitch and its harmonics where the speech is voiced, noise
// where it is not, merged into one signal (the neural source filter of Wang, Takaki and Yamagishi,
// 2019).
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/weight_reader.h"

namespace chatterbox::s3gen {

struct HarmonicSource {
  at::Tensor weight;  // [1, harmonics], the fundamental counted as one of them; on the CPU
  at::Tensor bias;    // [1]
  at::Tensor weight_there, bias_there;  // the same on the model's device, for make_sources()
};

// Its random numbers for N samples.
struct SourceNoise {
  at::Tensor first_phases;  // [H, 1], uniform in [0, 1)
  at::Tensor normals;       // [H, N]
};

[[nodiscard]] HarmonicSource read_harmonic_source(const nn::WeightReader& reader);
// The harmonics' first phases, then the noise.
[[nodiscard]] SourceNoise draw_source_noise(const HarmonicSource& model, int64_t samples,
                                            const at::Generator& generator);
// Of the samples from `first` on.
[[nodiscard]] SourceNoise place_source_noise(const HarmonicSource& model, int64_t first,
                                             int64_t samples, uint64_t seed);
// The cycles that each harmonic has made up to a sample, [H] of doubles, not reduced to one:
// rounded sample by sample, they give a chunk of an utterance the phases that the whole has there.
using SourceCycles = at::Tensor;
[[nodiscard]] SourceCycles no_cycles(const HarmonicSource& model);
// f0 [T] of one row, in hertz; returns [samples_per_frame T] on the CPU. `cycles`: before the first
// sample, and afterwards up to the last.
[[nodiscard]] at::Tensor make_source(const HarmonicSource& model, const at::Tensor& f0,
                                     int64_t samples_per_frame, const SourceNoise& noise,
                                     SourceCycles& cycles);

// The same on a device, for a batch. A row's noise is merged by the weights beforehand, so that the
// device gets one number a sample, and not one of each harmonic.
struct MergedNoise {
  at::Tensor first_phases;  // [B, H], uniform in [0, 1)
  at::Tensor normals;       // [B, N]; zeros in the padding
};
// On the CPU.
[[nodiscard]] MergedNoise merge_noise(const HarmonicSource& model,
                                      const std::vector<SourceNoise>& rows);
// f0 [B, T]; returns [B, samples_per_frame T]. `cycles` [B, H]: afterwards up to sample `kept`.
[[nodiscard]] at::Tensor make_sources(const HarmonicSource& model, const at::Tensor& f0,
                                      int64_t samples_per_frame, const MergedNoise& noise,
                                      SourceCycles& cycles, int64_t kept);

}  // namespace chatterbox::s3gen
