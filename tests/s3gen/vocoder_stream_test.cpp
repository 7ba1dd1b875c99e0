// The vocoder over a mel in pieces against the whole mel at once.
#include "s3gen/vocoder_stream.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "support/synthetic/synthetic.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;

constexpr uint64_t kSeed = 5;

std::shared_ptr<const Vocoder> load_tiny(at::ScalarType type) {
  return load_vocoder(nn::WeightReader(
      testing::make_synthetic("s3gen", testing::SyntheticSize::kTiny), {at::kCPU, type}));
}

at::Tensor whole_wave(const Vocoder& vocoder, const at::Tensor& mel) {
  std::vector<VocoderRow> rows = {{mel, {}, {}, kSeed}};
  return mel_to_wave(vocoder, rows).front();
}

// Pushes pieces of these sizes again and again.
at::Tensor streamed_wave(const Vocoder& vocoder, const at::Tensor& mel, const VocoderHalo& halo,
                         const std::vector<int64_t>& pieces) {
  VocoderStream stream(vocoder, halo, kSeed);
  std::vector<at::Tensor> waves;
  size_t next = 0;
  for (int64_t first = 0; first < mel.size(1);) {
    const int64_t count = std::min(pieces[next++ % pieces.size()], mel.size(1) - first);
    const bool last = first + count == mel.size(1);
    waves.push_back(stream.push(vocoder, mel.narrow(1, first, count), last));
    first += count;
  }
  return at::cat(waves);
}

class VocoderStreams : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    if (!nn::cpu::has_fast_convolutions()) GTEST_SKIP() << "libtorch's convolutions are not exact";
  }

  const std::shared_ptr<const Vocoder> vocoder_ = load_tiny(GetParam());
};

TEST_P(VocoderStreams, AnyPiecesGiveTheBitsOfTheWhole) {
  const at::Tensor mel = noise({80, 131}, 3);
  const at::Tensor whole = whole_wave(*vocoder_, mel);
  for (const std::vector<int64_t>& pieces :
       {std::vector<int64_t>{131}, {24, 50, 100}, {2}, {7, 1, 30}, {130}}) {
    const at::Tensor streamed = streamed_wave(*vocoder_, mel, exact_halo(), pieces);
    ASSERT_EQ(streamed.sizes(), whole.sizes());
    EXPECT_TRUE(at::equal(streamed, whole)) << pieces.front() << ": " << max_abs(streamed, whole);
  }
}

TEST_P(VocoderStreams, AShortHaloIsNear) {
  const at::Tensor mel = noise({80, 131}, 3);
  const at::Tensor whole = whole_wave(*vocoder_, mel);
  const at::Tensor streamed = streamed_wave(*vocoder_, mel, short_halo(*vocoder_), {24, 50, 100});
  ASSERT_EQ(streamed.sizes(), whole.sizes());
  EXPECT_LE(max_abs(streamed, whole), 1e-3);
}

// Streams rest on it. Of batches other tests tell.
TEST_P(VocoderStreams, AFrameHasItsBitsAtAnyLengthAndPlace) {
  constexpr int64_t kFrames = 90, kPitchReach = 5, kWaveReach = 15, kSamples = 480;
  const at::Tensor mel = noise({80, kFrames}, 3), source = noise({kSamples * kFrames}, 4, 0.1);
  const at::Tensor pitch = predict_pitch(*vocoder_, {mel}).front();
  const at::Tensor wave = generate_waves(*vocoder_, {mel}, {source}).front();
  for (const auto& [first, count] :
       {std::pair<int64_t, int64_t>{0, 89}, {1, 89}, {0, 40}, {17, 41}, {40, 50}, {29, 33}}) {
    const auto inner = [&, begin = first, size = count](const at::Tensor& part,
                                                        const at::Tensor& whole, int64_t reach,
                                                        int64_t scale) {
      const int64_t skip = begin == 0 ? 0 : reach;
      const int64_t kept = size - skip - (begin + size == kFrames ? 0 : reach);
      return at::equal(part.narrow(0, scale * skip, scale * kept),
                       whole.narrow(0, scale * (begin + skip), scale * kept));
    };
    const at::Tensor part = mel.narrow(1, first, count);
    EXPECT_TRUE(inner(predict_pitch(*vocoder_, {part}).front(), pitch, kPitchReach, 1)) << first;
    const at::Tensor excitation = source.narrow(0, kSamples * first, kSamples * count);
    EXPECT_TRUE(
        inner(generate_waves(*vocoder_, {part}, {excitation}).front(), wave, kWaveReach, kSamples))
        << first;
  }
}

TEST_P(VocoderStreams, TheNumberOfThreadsChangesNoBit) {
  const at::Tensor mel = noise({80, 60}, 3);
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> waves;
  for (const int count : {1, 2, 5}) {
    at::set_num_threads(count);
    waves.push_back(streamed_wave(*vocoder_, mel, exact_halo(), {24, 50}));
  }
  at::set_num_threads(threads);
  for (const at::Tensor& wave : waves) EXPECT_TRUE(at::equal(wave, waves.front()));
}

INSTANTIATE_TEST_SUITE_P(Precisions, VocoderStreams, ::testing::Values(at::kFloat, at::kBFloat16));

TEST(VocoderStream, GivesWhatIsFinal) {
  const auto vocoder = load_tiny(at::kFloat);
  const at::Tensor mel = noise({80, 24}, 3);
  VocoderStream exact(*vocoder, exact_halo(), kSeed);
  EXPECT_EQ(exact.push(*vocoder, mel, false).size(0), 480 * 4);
  VocoderStream early(*vocoder, short_halo(*vocoder), kSeed);
  EXPECT_EQ(early.push(*vocoder, mel, false).size(0), 480 * 16);
  EXPECT_EQ(early.push(*vocoder, mel.narrow(1, 0, 0), false).size(0), 0);
  EXPECT_EQ(early.push(*vocoder, mel.narrow(1, 0, 0), true).size(0), 480 * 8);
}

}  // namespace
}  // namespace chatterbox::s3gen
