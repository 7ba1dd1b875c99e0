// The vocoder over a mel in pieces against the whole mel at once.
#include "s3gen/vocoder_stream.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/cpu/frame_kernels.h"
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
