// The excitation of HiFT: sines at the pitch and its harmonics where the speech is voiced, noise
// where it is not, merged into one signal (the neural source filter of Wang, Takaki and Yamagishi,
// 2019).
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include "nn/weight_reader.h"

namespace chatterbox::s3gen {

struct HarmonicSource {
  at::Tensor weight;  // [1, harmonics], the fundamental counted as one of them
  at::Tensor bias;    // [1]
};

[[nodiscard]] HarmonicSource read_harmonic_source(const nn::WeightReader& reader);
// f0 [T] of one row, in hertz; returns [samples_per_frame T] on the CPU. Draws the harmonics' first
// phases, then the noise.
[[nodiscard]] at::Tensor make_source(const HarmonicSource& model, const at::Tensor& f0,
                                     int64_t samples_per_frame, const at::Generator& generator);

}  // namespace chatterbox::s3gen
