// Ogg files that libogg would mend by leaving out what is damaged.
#include <gmock/gmock.h>

#include <random>

#include "audio/damaged.h"
#include "audio/writer.h"
#include "support/ogg_page.h"

namespace chatterbox::audio {
namespace {

using ::testing::HasSubstr;
using testing::mend_ogg_checksum;
using testing::ogg_page_size;

TEST(OggDamage, WhatIsWrongIsNamed) {
  const std::string bytes = encode_audio(speech(), AudioFormat::kVorbis);
  const size_t second = ogg_page_size(bytes, 0);
  const size_t third = second + ogg_page_size(bytes, second);
  const auto refused = [](const std::string& damaged, const std::string& why) {
    EXPECT_THAT(decode_damaged(damaged).message, HasSubstr(why));
  };
  std::string damaged = bytes;
  damaged[second + 40] ^= 1;
  refused(damaged, fmt::format("the checksum of the Ogg page at byte {} is wrong", second));
  refused(bytes.substr(0, third) + "and more", fmt::format("no Ogg page at byte {}", third));
  refused(bytes.substr(0, third - 1),
          fmt::format("truncated, the Ogg page at byte {} reaches beyond", second));
  refused(bytes.substr(0, third + 2), fmt::format("truncated, the Ogg page at byte {}", third));
  refused(bytes.substr(0, second) + bytes.substr(third),
          fmt::format("a page is missing before byte {}", second));
  refused(bytes.substr(0, second), "truncated, has no sound after 1 of 3 headers");
  refused(bytes.substr(0, third), "truncated, has no sound after 3 of 3 headers");
  refused(bytes + encode_audio(speech(100), AudioFormat::kVorbis),
          fmt::format("more than one stream, the second at byte {}", bytes.size()));
}

// Made to deceive: every page is sound by itself.
TEST(OggDamage, PagesThatDoNotFitTogether) {
  const std::string bytes = encode_audio(speech(), AudioFormat::kVorbis);
  const size_t second = ogg_page_size(bytes, 0);
  std::string damaged = bytes;
  damaged[second + 5] |= 1;  // goes on with a packet that has ended
  mend_ogg_checksum(damaged, second);
  EXPECT_THAT(decode_damaged(damaged).message,
              HasSubstr(fmt::format("a page is missing before byte {}", second)));
  damaged = bytes;
  damaged[26] = 2;  // a segment of no bytes, from the packet's first
  damaged.insert(28, 1, '\0');
  mend_ogg_checksum(damaged, 0);
  EXPECT_THAT(decode_damaged(damaged).message, HasSubstr("must hold one header alone"));
  damaged = bytes.substr(0, 27) + bytes.substr(second);
  damaged[26] = 0;  // nothing
  mend_ogg_checksum(damaged, 0);
  EXPECT_THAT(decode_damaged(damaged).message, HasSubstr("must hold one header alone"));
  damaged = bytes;
  damaged[35] = 1;
  mend_ogg_checksum(damaged, 0);
  EXPECT_THAT(decode_damaged(damaged).message, HasSubstr("the version of Vorbis must be 0, got 1"));
}

TEST(OggDamage, HeadersAndSoundMadeToDeceive) {
  std::mt19937 random(3);
  for (const AudioFormat format : {AudioFormat::kVorbis, AudioFormat::kOpus}) {
    const std::string bytes = encode_audio(speech(), format);
    for (size_t at = 0; at < bytes.size(); at += ogg_page_size(bytes, at)) {
      for (size_t i = 0; i < 60; ++i) {
        std::string damaged = bytes;
        for (size_t flips = 1 + i % 4; flips > 0; --flips) {
          damaged[at + 6 + random() % (ogg_page_size(bytes, at) - 6)] ^= 1 << random() % 8;
        }
        mend_ogg_checksum(damaged, at);
        (void)decode_damaged(damaged);
      }
    }
  }
}

// As of a writer that was killed: whole pages are a whole file.
TEST(OggDamage, AStreamMayBreakOffBetweenPages) {
  for (const AudioFormat format : {AudioFormat::kVorbis, AudioFormat::kOpus}) {
    std::string bytes;
    AudioWriter writer(
        [&bytes](const void* data, size_t size) {
          bytes.append(static_cast<const char*>(data), size);
          return true;
        },
        24000, 1, format);
    const Audio audio = speech(48000);
    writer.write(audio.samples.data(), 48000);
    const std::vector<float> part = decoded(bytes).samples;
    EXPECT_GE(part.size(), 12000U) << name_of(format);
    EXPECT_GE(snr({audio.samples.begin(), audio.samples.begin() + 12000}, part), 10);
  }
}

}  // namespace
}  // namespace chatterbox::audio
