// What the vocoder does on a device for rows side by side, on the CPU: each is what the row alone
// is.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "s3gen/harmonic_source.h"
#include "s3gen/row_spectrum.h"
#include "s3gen/spectrum.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;
using testing::seeded;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Of rows with so many frames of the transform.
FrameMask mask_of(const std::vector<int64_t>& frames) { return make_frame_mask(frames, c10::kCPU); }

void check_stft(const std::vector<int64_t>& frames) {
  const at::Tensor window = make_stft_window(c10::kCPU);
  const at::Tensor waves = noise({3, kHop * (frames[0] - 1)}, 1);
  for (size_t i = 1; i < frames.size(); ++i) {
    waves[static_cast<int64_t>(i)].slice(0, kHop * (frames[i] - 1)).fill_(kNone);
  }
  const at::Tensor spectra = stft_rows(waves, window, mask_of(frames));
  ASSERT_EQ(spectra.sizes(), at::IntArrayRef({3, 2 * kBins, 1, frames[0]}));
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const at::Tensor alone = stft(waves[row].narrow(0, 0, kHop * (frames[i] - 1)), window);
    EXPECT_LE(max_abs(spectra[row].squeeze(1).narrow(1, 0, frames[i]), alone), 1e-6);
  }
}

TEST(RowSpectrum, TransformsEachRowUpToItsOwnEnd) {
  check_stft({31, 31, 31});
  check_stft({31, 30, 4});
}

void check_istft(const std::vector<int64_t>& frames) {
  const at::Tensor window = make_stft_window(c10::kCPU);
  const at::Tensor magnitude = noise({3, kBins, frames[0]}, 2).abs();
  const at::Tensor phase = noise({3, kBins, frames[0]}, 3);
  for (size_t i = 1; i < frames.size(); ++i) {
    magnitude[static_cast<int64_t>(i)].slice(1, frames[i]).fill_(kNone);
  }
  const at::Tensor waves = istft_rows(magnitude, phase, window, mask_of(frames));
  ASSERT_EQ(waves.sizes(), at::IntArrayRef({3, kHop * (frames[0] - 1)}));
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const auto part = [&](const at::Tensor& all) { return all[row].narrow(1, 0, frames[i]); };
    const at::Tensor alone = istft(part(magnitude), part(phase), window);
    EXPECT_LE(max_abs(waves[row].narrow(0, 0, alone.size(0)), alone), 2e-6);
  }
}

TEST(RowSpectrum, InvertsEachRowUpToItsOwnEnd) {
  check_istft({31, 31, 31});
  check_istft({31, 30, 4});
}

HarmonicSource source_model() {
  HarmonicSource model;
  model.weight = noise({1, 9}, 4);
  model.bias = at::tensor({0.05F});
  model.weight_there = model.weight;
  model.bias_there = model.bias;
  return model;
}

// Voiced and not, of different lengths.
TEST(DeviceSource, IsTheCpusForEachRow) {
  constexpr int64_t kSamples = 480;
  const HarmonicSource model = source_model();
  const std::vector<int64_t> frames = {12, 5};
  at::Tensor f0 = noise({2, 12}, 5, 200).abs();
  f0.select(1, 2).fill_(3);
  std::vector<SourceNoise> noises;
  for (const int64_t count : frames) {
    noises.push_back(draw_source_noise(model, kSamples * count, seeded(6)));
  }
  const MergedNoise merged = merge_noise(model, noises);
  SourceCycles cycles = at::zeros({2, 9}, at::kDouble);
  constexpr int64_t kKept = 4 * kSamples;
  const at::Tensor sources = make_sources(model, f0, kSamples, merged, cycles, kKept);
  for (int64_t row = 0; row < 2; ++row) {
    const auto index = static_cast<size_t>(row);
    SourceCycles alone_cycles = no_cycles(model);
    const at::Tensor alone = make_source(model, f0[row].narrow(0, 0, frames[index]), kSamples,
                                         noises[index], alone_cycles);
    EXPECT_LE(max_abs(sources[row].narrow(0, 0, alone.size(0)), alone), 1e-6);
    SourceCycles kept = no_cycles(model);
    noises[index].normals = noises[index].normals.narrow(1, 0, kKept);
    static_cast<void>(make_source(model, f0[row].narrow(0, 0, 4), kSamples, noises[index], kept));
    EXPECT_TRUE(at::equal(cycles[row], kept));
  }
}

// Nothing is kept of what is not final.
TEST(DeviceSource, CyclesUpToNoSampleStayAsTheyAre) {
  const HarmonicSource model = source_model();
  const MergedNoise merged = merge_noise(model, {draw_source_noise(model, 960, seeded(6))});
  SourceCycles cycles = at::ones({1, 9}, at::kDouble);
  static_cast<void>(make_sources(model, noise({1, 2}, 5, 200).abs(), 480, merged, cycles, 0));
  EXPECT_TRUE(at::equal(cycles, at::ones({1, 9}, at::kDouble)));
}

}  // namespace
}  // namespace chatterbox::s3gen
