// The mel front ends against librosa, torchaudio and the reference (voice_vectors.safetensors).
#include "audio/kaldi_fbank.h"
#include "audio/mel_filters.h"
#include "audio/mel_spectrogram.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/golden.h"
#include "support/tensors.h"

namespace chatterbox::audio {
namespace {

using testing::Golden;

class MelTest : public ::testing::Test {
 protected:
  static double distance(const at::Tensor& actual, const at::Tensor& expected) {
    EXPECT_EQ(actual.sizes(), expected.sizes());
    if (actual.sizes() != expected.sizes()) return 1e30;
    return (actual - expected).abs().max().item<double>();
  }
  // The rows of a bank that the file keeps.
  static at::Tensor sample(const at::Tensor& bank) {
    const int64_t n = bank.size(0);
    return bank.index_select(0, at::tensor({int64_t{0}, int64_t{1}, n / 2, n - 1}));
  }
  at::Tensor wave() const { return golden_.tensor("wave").unsqueeze(0); }  // [1, 4000]

  Golden golden_{"voice_vectors"};
};

TEST_F(MelTest, SlaneyFiltersAreLibrosas) {
  EXPECT_LT(
      distance(sample(slaney_mel_filters(16000, 400, 40, 0, 8000)), golden_.tensor("bank.speaker")),
      1e-8);
  EXPECT_LT(
      distance(sample(slaney_mel_filters(16000, 400, 128, 0, 8000)), golden_.tensor("bank.s3")),
      1e-8);
  EXPECT_LT(
      distance(sample(slaney_mel_filters(24000, 1920, 80, 0, 8000)), golden_.tensor("bank.s3gen")),
      1e-8);
}

// torchaudio takes the mels' logarithm in float32, whose last bit depends on the CPU: of 2.4e-7
// there, 1127 times that in mels, over the 35 mels of a triangle's side. Measured: 7.1e-6 from the
// file, which an AMD CPU made, and 0 from what torchaudio computes on an Intel CPU with AVX-512.
TEST_F(MelTest, KaldiFiltersAreTorchaudios) {
  EXPECT_LT(distance(sample(kaldi_mel_filters(16000, 512, 80)), golden_.tensor("bank.kaldi")),
            1.6e-5);
}

// The same bits on every CPU: a logarithm in double, rounded once, and sums and products after it.
TEST_F(MelTest, KaldiFiltersHaveMelsThatAreRoundedOnce) {
  const auto mel = [](double hz) {
    const auto x = static_cast<float>(hz) / 700.0F + 1.0F;
    return 1127.0F * static_cast<float>(std::log(static_cast<double>(x)));
  };
  const double low = 1127.0 * std::log(1.0 + 20.0 / 700.0);
  const double step = (1127.0 * std::log(1.0 + 8000.0 / 700.0) - low) / 81;
  const auto edge = [&](int64_t i) {
    return static_cast<float>(i) * static_cast<float>(step) + static_cast<float>(low);
  };
  const at::Tensor filters = kaldi_mel_filters(16000, 512, 80);
  ASSERT_EQ(filters.sizes(), (at::IntArrayRef{80, 257}));
  for (int64_t m = 0; m < 80; ++m) {
    const float left = edge(m), centre = edge(m + 1), right = edge(m + 2);
    for (int64_t bin = 0; bin < 256; ++bin) {
      const float x = mel(31.25 * static_cast<double>(bin));
      const float height = std::min((x - left) / (centre - left), (right - x) / (right - centre));
      EXPECT_EQ(filters[m][bin].item<float>(), std::max(0.0F, height)) << m << ", " << bin;
    }
  }
}

TEST_F(MelTest, PoveyWindowIsRoundedOnce) {
  const at::Tensor hann = at::hann_window(400, /*periodic=*/false, at::kFloat);
  const at::Tensor window = make_kaldi_fbank(at::kCPU).window;
  for (int64_t i = 0; i < 400; ++i) {
    const auto expected = static_cast<float>(std::pow(hann[i].item<double>(), 0.85));
    EXPECT_EQ(window[i].item<float>(), expected) << i;
  }
}

TEST_F(MelTest, SpeakerMel) {
  const at::Tensor mel = speaker_mel(make_speaker_mel(at::kCPU), wave());
  const at::Tensor expected = golden_.tensor("mel.speaker");
  EXPECT_LT(distance(mel[0], expected), 1e-6 * expected.max().item<double>());
}

TEST_F(MelTest, S3LogMel) {
  EXPECT_LT(distance(s3_log_mel(make_s3_log_mel(at::kCPU), wave())[0], golden_.tensor("mel.s3")),
            1e-5);
}

TEST_F(MelTest, S3GenMel) {
  EXPECT_LT(distance(s3gen_mel(make_s3gen_mel(at::kCPU), wave())[0], golden_.tensor("mel.s3gen")),
            1e-5);
}

// The reference's own fp32 is up to 1e-4 away from float64, where a loud frame has a silent band.
TEST_F(MelTest, KaldiFbank) {
  EXPECT_LT(
      distance(kaldi_fbank(make_kaldi_fbank(at::kCPU), wave())[0], golden_.tensor("mel.kaldi")),
      3e-4);
}

// Three parts of a wave of 41 s.
TEST_F(MelTest, ASpectrumInPartsHasTheBitsOfTheWhole) {
  const MelFrontEnd front_end = make_speaker_mel(c10::kCPU);
  const at::Tensor wave = testing::noise({1, 2 * 2048 * 160 + 777}, 1);
  SpectrumRun run = speaker_spectrum(front_end, wave);
  int parts = 1;
  while (!run.next()) ++parts;
  EXPECT_EQ(parts, 3);
  const at::Tensor whole =
      at::stft(wave.to(at::kDouble), 400, 160, 400, front_end.window, /*center=*/true, "reflect",
               /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const at::Tensor power = whole.to(at::kComplexFloat).abs().square();
  EXPECT_EQ(run.power().strides(), power.strides());
  EXPECT_TRUE(at::equal(run.power(), power));
}

TEST_F(MelTest, ARowOfABatchIsTheRowAlone) {
  const at::Tensor loud = wave();
  const at::Tensor waves = at::cat({loud, loud * 0.001}, 0);
  const auto s3 = make_s3_log_mel(at::kCPU);
  const auto s3gen = make_s3gen_mel(at::kCPU);
  const auto speaker = make_speaker_mel(at::kCPU);
  const auto kaldi = make_kaldi_fbank(at::kCPU);
  for (int64_t i = 0; i < 2; ++i) {
    const at::Tensor alone = waves.narrow(0, i, 1);
    EXPECT_LT(distance(s3_log_mel(s3, waves)[i], s3_log_mel(s3, alone)[0]), 1e-6);
    EXPECT_LT(distance(s3gen_mel(s3gen, waves)[i], s3gen_mel(s3gen, alone)[0]), 1e-5);
    const at::Tensor power = speaker_mel(speaker, alone)[0];
    EXPECT_LT(distance(speaker_mel(speaker, waves)[i], power), 1e-6 * power.max().item<double>());
    EXPECT_LT(distance(kaldi_fbank(kaldi, waves)[i], kaldi_fbank(kaldi, alone)[0]), 1e-5);
  }
}

TEST_F(MelTest, SilenceHasTheFloorsOfEachFrontEnd) {
  const at::Tensor silence = at::zeros({1, 4000});
  EXPECT_EQ(speaker_mel(make_speaker_mel(at::kCPU), silence).abs().max().item<float>(), 0.0F);
  const at::Tensor s3 = s3_log_mel(make_s3_log_mel(at::kCPU), silence);
  EXPECT_FLOAT_EQ(s3.min().item<float>(), (-10.0F + 4.0F) / 4.0F);
  const at::Tensor kaldi = kaldi_fbank(make_kaldi_fbank(at::kCPU), silence);
  EXPECT_FLOAT_EQ(kaldi.max().item<float>(), std::log(std::numeric_limits<float>::epsilon()));
}

}  // namespace
}  // namespace chatterbox::audio
