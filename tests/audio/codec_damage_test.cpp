// Damaged files: refused where the format shows it, never more than an error, and not for long.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "audio/damaged.h"

namespace chatterbox::audio {
namespace {

using ::testing::HasSubstr;

class CodecDamage : public ::testing::TestWithParam<AudioFormat> {
 protected:
  void SetUp() override { ::testing::internal::CaptureStderr(); }
  // The decoders must not write to the host's streams, whatever they are given.
  void TearDown() override { EXPECT_EQ(::testing::internal::GetCapturedStderr(), ""); }
};

TEST_P(CodecDamage, TruncatedAt200Places) {
  const std::string bytes = encode_audio(speech(), GetParam());
  for (size_t i = 0; i < 200; ++i) {
    const size_t size = bytes.size() * i / 200;
    const Outcome outcome = decode_damaged(bytes.substr(0, size));
    // Between two of its frames, an MP3 file may lack the last two.
    const bool is_whole = GetParam() == AudioFormat::kMp3 && outcome.samples + 2304 >= 24000;
    EXPECT_TRUE(is_whole || !outcome.message.empty()) << size << ": " << outcome.samples;
  }
  for (size_t size = 0; size < 100; ++size) {
    EXPECT_NE(decode_damaged(bytes.substr(0, size)).message, "") << size;
  }
}

TEST_P(CodecDamage, FlippedBits) {
  const std::string bytes = encode_audio(speech(), GetParam());
  std::mt19937 random(1);
  size_t refused = 0;
  for (size_t i = 0; i < 400; ++i) {
    std::string damaged = bytes;
    const size_t place = i < 200 ? i : random() % bytes.size();
    damaged[place] = static_cast<char>(damaged[place] ^ 1 << random() % 8);
    const Outcome outcome = decode_damaged(damaged);
    refused += outcome.message.empty() ? 0 : 1;
    EXPECT_LE(outcome.samples, size_t{10} * 24000) << place;
  }
  // Every bit of an Ogg page counts, and every bit of a FLAC frame.
  if (GetParam() == AudioFormat::kVorbis || GetParam() == AudioFormat::kOpus) {
    EXPECT_EQ(refused, 400U);
  }
  if (GetParam() == AudioFormat::kFlac) {
    EXPECT_GE(refused, 200U);
  }
}

TEST_P(CodecDamage, AnythingBehindAGoodStart) {
  const std::string bytes = encode_audio(speech(), GetParam());
  std::mt19937 random(2);
  for (size_t i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    for (size_t at = 4 + i * 5; at < damaged.size(); at += 1 + random() % 97) {
      damaged[at] = static_cast<char>(random());
    }
    decode_damaged(damaged);
  }
}

TEST_P(CodecDamage, APieceIsMissingInTheMiddle) {
  std::string bytes = encode_audio(speech(), GetParam());
  bytes.erase(bytes.size() / 2, bytes.size() / 4);
  EXPECT_THAT(decode_damaged(bytes).message,
              ::testing::AnyOf(HasSubstr("truncated"), HasSubstr("damaged")));
}

std::string name_of_test(const ::testing::TestParamInfo<AudioFormat>& info) {
  std::string name = name_of(info.param);
  name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
  return name;
}
INSTANTIATE_TEST_SUITE_P(Formats, CodecDamage,
                         ::testing::Values(AudioFormat::kFlac, AudioFormat::kVorbis,
                                           AudioFormat::kOpus, AudioFormat::kMp3),
                         name_of_test);

}  // namespace
}  // namespace chatterbox::audio
