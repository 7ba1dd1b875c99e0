// HiFT against the reference and by itself. Largest differences from the reference as measured: f0
// 3e-5 of 157 Hz, source 2.9e-4 (its phase adds up the rounding of f0), wave 2.1e-5.
#include "s3gen/vocoder.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "s3gen/spectrum.h"
#include "s3gen/vocoder_golden.h"
#include "support/status.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;
using testing::seeded;

const Vocoder& tiny_vocoder() {
  static const std::shared_ptr<const Vocoder> vocoder = load_vocoder(
      nn::WeightReader(testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny), {}));
  return *vocoder;
}

class VocoderGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(VocoderGolden, EqualsTheReference) { expect_equals_reference(tiny_vocoder(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(English, VocoderGolden,
                         ::testing::Values("en_tiny_default", "en_tiny_greedy",
                                           "en_tiny_cfg0.2_hot", "en_tiny_long"));

std::vector<VocoderRow> three_rows() {
  std::vector<VocoderRow> rows;
  uint64_t seed = 40;
  for (const int64_t length : {7, 31, 18}) {
    rows.push_back({noise({80, length}, seed), seeded(seed + 10), {}});
    ++seed;
  }
  return rows;
}

TEST(Vocoder, ARowOfABatchEqualsTheRowAlone) {
  std::vector<VocoderRow> rows = three_rows();
  const std::vector<at::Tensor> waves = mel_to_wave(tiny_vocoder(), rows);
  ASSERT_EQ(waves.size(), 3U);
  for (size_t i = 0; i < waves.size(); ++i) {
    std::vector<VocoderRow> alone = {three_rows()[i]};
    EXPECT_TRUE(at::equal(mel_to_wave(tiny_vocoder(), alone).front(), waves[i])) << i;
    EXPECT_EQ(waves[i].size(0), 480 * alone.front().mel.size(1));
  }
}

// The padded batch that a GPU runs, here on the CPU. Other sizes are other kernels, whose rounding
// the phase of the excitation adds up: 3e-6 was measured. Without the mask the tails differ by 1e-3
// and more.
TEST(Vocoder, ARowOfAPaddedBatchEqualsTheRowAlone) {
  std::vector<VocoderRow> rows = three_rows();
  const std::vector<at::Tensor> waves = vocode_padded(tiny_vocoder(), rows);
  ASSERT_EQ(waves.size(), 3U);
  for (size_t i = 0; i < waves.size(); ++i) {
    std::vector<VocoderRow> alone = {three_rows()[i]};
    const at::Tensor expected = mel_to_wave(tiny_vocoder(), alone).front();
    ASSERT_EQ(waves[i].sizes(), expected.sizes());
    EXPECT_LE(max_abs(waves[i], expected), 1e-5) << i;
  }
}

TEST(Vocoder, NeighboursOfAPaddedBatchChangeNothing) {
  std::vector<VocoderRow> rows = three_rows();
  const std::vector<at::Tensor> waves = vocode_padded(tiny_vocoder(), rows);
  std::vector<VocoderRow> others = three_rows();
  others[1].mel = noise({80, 31}, 99).mul_(5);
  const std::vector<at::Tensor> beside_others = vocode_padded(tiny_vocoder(), others);
  EXPECT_TRUE(at::equal(beside_others[0], waves[0]));
  EXPECT_FALSE(at::equal(beside_others[1], waves[1]));
  EXPECT_TRUE(at::equal(beside_others[2], waves[2]));
}

TEST(Vocoder, GeneratorDecidesTheWave) {
  const auto wave_of = [](uint64_t seed) {
    std::vector<VocoderRow> rows = {{noise({80, 5}, 1), seeded(seed), {}}};
    return mel_to_wave(tiny_vocoder(), rows).front();
  };
  EXPECT_TRUE(at::equal(wave_of(3), wave_of(3)));
  EXPECT_FALSE(at::equal(wave_of(3), wave_of(4)));
}

TEST(Vocoder, OneFrameIsEnoughAndSilentAtFirst) {
  std::vector<VocoderRow> rows = {{noise({80, 1}, 1), seeded(1), {}}};
  const at::Tensor wave = mel_to_wave(tiny_vocoder(), rows).front();
  ASSERT_EQ(wave.size(0), 480);
  EXPECT_EQ(wave.abs().max().item<float>(), 0.0F);
}

// A mel of zeros through a pitch predictor that hears nothing: only the noise speaks.
TEST(Vocoder, NoPitchAtAllWorks) {
  Vocoder mute = tiny_vocoder();
  FrameConv& classifier = mute.f0_predictor.classifier;
  classifier.weight = at::zeros({1, classifier.inputs(), 1, 1});
  classifier.bias = at::zeros({1});
  classifier.packed = {};
  testing::CollectedTensors collected;
  std::vector<VocoderRow> rows = {{at::zeros({80, 6}), seeded(1), collected.sink()}};
  const at::Tensor wave = mel_to_wave(mute, rows).front();
  EXPECT_EQ(collected.tensor("s3gen.f0").abs().max().item<float>(), 0.0F);
  EXPECT_TRUE(wave.isfinite().all().item<bool>());
  EXPECT_GT(wave.narrow(0, 960, wave.size(0) - 960).std().item<float>(), 0.0F);
}

TEST(Vocoder, AnEmptyBatchIsEmpty) {
  std::vector<VocoderRow> rows;
  EXPECT_TRUE(mel_to_wave(tiny_vocoder(), rows).empty());
}

TEST(Vocoder, AWrongMelIsNamed) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{79, 4}, {80, 0}, {80, 4, 1}}) {
    std::vector<VocoderRow> rows = {{at::zeros(shape), seeded(1), {}}};
    try {
      (void)mel_to_wave(tiny_vocoder(), rows);
      ADD_FAILURE() << "accepted " << shape.size() << " axes";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kInternal);
      EXPECT_THAT(error.what(), ::testing::HasSubstr(c10::str(at::IntArrayRef(shape))));
    }
  }
}

TEST(TrimFade, IsSilenceThenARisingCosine) {
  const at::Tensor fade = make_trim_fade();
  ASSERT_EQ(fade.size(0), 960);
  const auto* values = fade.const_data_ptr<float>();
  EXPECT_EQ(values[0], 0.0F);
  EXPECT_EQ(values[479], 0.0F);
  EXPECT_NEAR(values[480], 0.0, 1e-7);  // cos π
  // Sample i of the rise is (1 + cos(π - π i / 479)) / 2.
  EXPECT_NEAR(values[480 + 1], 1.0754e-5, 1e-7);
  EXPECT_NEAR(values[480 + 239], 0.498360, 1e-5);
  EXPECT_NEAR(values[480 + 240], 0.501640, 1e-5);
  EXPECT_EQ(values[959], 1.0F);
}

at::Tensor source_of(const HarmonicSource& model, const at::Tensor& f0,
                     const at::Generator& generator) {
  SourceCycles cycles = no_cycles(model);
  return make_source(model, f0, 480, draw_source_noise(model, 480 * f0.size(0), generator), cycles);
}

TEST(HarmonicSource, UnvoicedFramesAreNoiseAlone) {
  HarmonicSource model;
  model.weight = at::full({1, 9}, 0.25);
  model.bias = at::full({1}, 0.5);
  const at::Tensor source = source_of(model, at::zeros({3}), seeded(8));
  ASSERT_EQ(source.size(0), 3 * 480);
  at::Generator generator = seeded(8);
  (void)at::rand({9}, generator, at::TensorOptions(at::kFloat));
  const at::Tensor drawn = at::randn({9, 3 * 480}, generator, at::TensorOptions(at::kFloat));
  const at::Tensor expected = drawn.mul(0.1 / 3).sum(0).mul(0.25).add(0.5).tanh();
  EXPECT_LE(max_abs(source, expected), 1e-6);
}

// 100 Hz is below Nyquist in all its harmonics; with the weight on the fundamental alone the source
// is a sine that starts with phase 0, and noise of 0.003.
TEST(HarmonicSource, VoicedFramesFollowThePitch) {
  HarmonicSource model;
  model.weight = at::zeros({1, 9});
  model.weight[0][0].fill_(1.0);
  model.bias = at::zeros({1});
  const at::Tensor source = source_of(model, at::full({4}, 100.0), seeded(2));
  const at::Tensor time = at::arange(1, 4 * 480 + 1, at::kDouble).div(24000);
  const at::Tensor sine = time.mul(2 * M_PI * 100).sin().mul(0.1);
  const at::Tensor rest = source.atanh().sub(sine);
  EXPECT_NEAR(rest.std().item<double>(), 0.003, 3e-4);
  EXPECT_LE(rest.abs().max().item<double>(), 0.003 * 6);
}

TEST(HarmonicSource, TheThresholdOfVoiceIsTenHertz) {
  HarmonicSource model;
  model.weight = at::ones({1, 9});
  model.bias = at::zeros({1});
  const auto level = [&](double hertz) {
    return source_of(model, at::full({50}, hertz), seeded(2)).std().item<double>();
  };
  EXPECT_NEAR(level(10.0), 0.1 / 3 * 3, 0.01);  // nine independent noises add up to three times one
  EXPECT_GT(level(10.5), 0.15);                 // nine sines of 0.1: 0.1 * 3 / sqrt(2)
}

TEST(Spectrum, InverseUndoesTheTransform) {
  const at::Tensor window = make_stft_window(c10::kCPU);
  const at::Tensor wave = noise({480}, 6);
  const at::Tensor spectrum = stft(wave, window);
  ASSERT_EQ(spectrum.sizes(), at::IntArrayRef({18, 121}));
  const at::Tensor real = spectrum.narrow(0, 0, kBins);
  const at::Tensor imaginary = spectrum.narrow(0, kBins, kBins);
  const at::Tensor magnitude = real.square().add(imaginary.square()).sqrt();
  const at::Tensor phase = at::atan2(imaginary, real);
  EXPECT_LE(max_abs(istft(magnitude, phase, window), wave), 1e-5);
}

TEST(Spectrum, AsAConvolutionItIsTheSame) {
  for (const int64_t samples : {480, 961, 4800}) {
    const at::Tensor wave = noise({samples}, 6);
    const at::Tensor expected = stft(wave, make_stft_window(c10::kCPU));
    const at::Tensor spectrum = stft(wave, make_stft_conv());
    ASSERT_EQ(spectrum.sizes(), expected.sizes());
    EXPECT_LE(max_abs(spectrum, expected), 3e-6);
  }
}

TEST(Spectrum, WindowIsThePeriodicHann) {
  const at::Tensor window = make_stft_window(c10::kCPU);
  ASSERT_EQ(window.size(0), 16);
  const auto* values = window.const_data_ptr<float>();
  EXPECT_EQ(values[0], 0.0F);
  EXPECT_FLOAT_EQ(values[4], 0.5F);
  EXPECT_FLOAT_EQ(values[8], 1.0F);
  EXPECT_FLOAT_EQ(values[12], 0.5F);
}

}  // namespace
}  // namespace chatterbox::s3gen
