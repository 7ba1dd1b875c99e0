#include "voice/voice_encoder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/error.h"
#include "voice/tiny_models.h"

namespace chatterbox::voice {
namespace {

// Windows of 160 frames begin every 77. A last one counts when 0.8 * 160 = 128 of its frames are
// there.
TEST(PartialsTest, CountedByHand) {
  const auto count = [](int64_t frames) { return plan_partials(frames).count; };
  EXPECT_EQ(count(1), 1);  // there is always one
  EXPECT_EQ(count(127), 1);
  EXPECT_EQ(count(160), 1);  // the second would have 83
  EXPECT_EQ(count(77 + 127), 1);
  EXPECT_EQ(count(77 + 128), 2);
  EXPECT_EQ(count(77 + 160), 2);
  EXPECT_EQ(count(154 + 127), 2);
  EXPECT_EQ(count(154 + 128), 3);
  EXPECT_EQ(count(1000), 12);  // 11 * 77 = 847, and 153 frames remain
}

// With less than the overlap of 83 frames, both rules of the reference apply to the one window.
TEST(PartialsTest, SpanTheWindows) {
  EXPECT_EQ(plan_partials(4).frames, 160);
  EXPECT_EQ(plan_partials(205).frames, 160 + 77);
  EXPECT_EQ(plan_partials(1000).frames, 160 + 11 * 77);
}

class VoiceEncoderTest : public ::testing::Test {
 protected:
  static at::Tensor mel(int64_t frames, uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    return at::rand({frames, 40}, generator, at::kFloat);
  }
  VoiceEncoder encoder_ = load_voice_encoder(testing::tiny_reader("ve"));
};

TEST_F(VoiceEncoderTest, EmbeddingsAreUnitVectors) {
  const at::Tensor embedding = speaker_embeddings(encoder_, {mel(300, 1)});
  ASSERT_EQ(embedding.sizes(), (std::vector<int64_t>{1, 256}));
  EXPECT_NEAR(embedding.norm().item<double>(), 1.0, 1e-6);
}

TEST_F(VoiceEncoderTest, ARowOfABatchIsTheRowAlone) {
  const std::vector<at::Tensor> mels{mel(90, 1), mel(3000, 2), mel(400, 3)};
  const at::Tensor together = speaker_embeddings(encoder_, mels);
  for (size_t i = 0; i < mels.size(); ++i) {
    const at::Tensor alone = speaker_embeddings(encoder_, {mels[i]});
    EXPECT_LT((together[static_cast<int64_t>(i)] - alone[0]).abs().max().item<double>(), 1e-6) << i;
  }
}

// What lies beyond the last counted partial is not heard; what it misses is zeros.
TEST_F(VoiceEncoderTest, FramesOutsideThePartials) {
  const at::Tensor long_mel = mel(204, 4);
  const at::Tensor whole = speaker_embeddings(encoder_, {long_mel});
  EXPECT_TRUE(
      at::allclose(whole, speaker_embeddings(encoder_, {long_mel.narrow(0, 0, 160)}), 0, 1e-7));
  const at::Tensor padded = at::constant_pad_nd(long_mel.narrow(0, 0, 140), {0, 0, 0, 20});
  EXPECT_TRUE(at::allclose(speaker_embeddings(encoder_, {long_mel.narrow(0, 0, 140)}),
                           speaker_embeddings(encoder_, {padded}), 0, 1e-7));
}

}  // namespace
}  // namespace chatterbox::voice
