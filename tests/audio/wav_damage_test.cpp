// Files that must be refused, with a message that says why.
#include <gmock/gmock.h>

#include <fstream>

#include "audio/wav.h"
#include "audio/wav_bytes.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

void expect_refused(const std::string& bytes, const std::string& why) {
  // In a block of its own size, so that a sanitizer sees every byte read past the end.
  const std::vector<char> copy(bytes.begin(), bytes.end());
  try {
    (void)parse_wav(copy.data(), copy.size(), "a.wav");
    ADD_FAILURE() << "accepted, expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadAudio);
    EXPECT_THAT(error.what(), testing::StartsWith("a.wav: "));
    EXPECT_THAT(error.what(), testing::HasSubstr(why));
  }
}

TEST(WavDamage, TruncatedAt200Places) {
  std::ifstream file(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav",
                     std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(bytes.size(), 100000U);
  for (size_t i = 0; i < 100; ++i) {
    const size_t size = bytes.size() * i / 100;
    expect_refused(bytes.substr(0, size), i == 0 ? "not a WAV file" : "truncated");
    expect_refused(bytes.substr(0, i), i < 12 ? "not a WAV file" : "truncated");
  }
}

TEST(WavDamage, OtherFilesAreNamed) {
  expect_refused("", "not a WAV file (0 bytes, starts with nothing)");
  expect_refused("x", "not a WAV file (1 bytes, starts with 'x')");
  expect_refused("ID3\x04" + std::string(50, '\0'), "not a WAV file (starts with 'ID3\\x04\\x00");
  expect_refused("\xFF\xFB\x90\x64" + std::string(50, 'a'), "starts with '\\xff\\xfb\\x90daaaa')");
  expect_refused("OggS" + std::string(50, '\0'), "starts with 'OggS");
  expect_refused("fLaC" + std::string(50, '\0'), "starts with 'fLaC");
  expect_refused("FORM0000AIFF" + std::string(50, '\0'), "starts with 'FORM0000')");
  expect_refused("RF64\xFF\xFF\xFF\xFFWAVEds64" + std::string(50, '\0'), "starts with 'RF64");
  expect_refused("RIFX0000WAVE" + std::string(50, '\0'), "starts with 'RIFX0000')");
  expect_refused("RIFF0000AVI " + std::string(50, '\0'), "'RIFF0000' and holds 'AVI '");
}

TEST(WavDamage, ChunksBeyondTheEnd) {
  WavFields wav;
  const std::string file = wav.file();
  std::string longer = file;
  longer[40] = 5;
  expect_refused(longer, "truncated, chunk 'data' should have 5 bytes, 4 are there");
  longer.replace(40, 4, "\xFF\xFF\xFF\xFF");
  expect_refused(longer, "should have 4294967295 bytes, 4 are there");
  std::string format = file;
  format.replace(16, 4, "\xFE\xFF\xFF\xFF");
  expect_refused(format, "truncated, chunk 'fmt ' should have 4294967294 bytes");
}

TEST(WavDamage, Chunks) {
  WavFields wav;
  expect_refused(WavFields::riff(chunk("data", wav.data) + chunk("fmt ", wav.format())),
                 "samples before their format");
  expect_refused(WavFields::riff(chunk("fmt ", wav.format())), "truncated, no data chunk");
  expect_refused(WavFields::riff(chunk("fmt ", wav.format().substr(0, 14)) + chunk("data", "12")),
                 "fmt chunk must have at least 16 bytes, got 14");
  wav.data.clear();
  expect_refused(wav.file(), "has no samples");
  wav.data = "123";
  expect_refused(wav.file(), "3 bytes of samples are no whole number of frames of 2 bytes");
}

TEST(WavDamage, Formats) {
  const auto refused = [](uint16_t code, uint16_t channels, uint32_t rate, uint16_t bits,
                          const std::string& why) {
    WavFields wav;
    wav.code = code;
    wav.channels = channels;
    wav.rate = rate;
    wav.bits = bits;
    expect_refused(wav.file(), why);
  };
  refused(2, 1, 24000, 4, "got format 2 with 4 bits");
  refused(6, 1, 8000, 8, "got format 6 with 8 bits");
  refused(1, 1, 24000, 0, "got format 1 with 0 bits");
  refused(1, 1, 24000, 12, "got format 1 with 12 bits");
  refused(1, 1, 24000, 64, "got format 1 with 64 bits");
  refused(3, 1, 24000, 16, "got format 3 with 16 bits");
  refused(0, 1, 24000, 16, "got format 0 with 16 bits");
  refused(1, 0, 24000, 16, "1 to 8 channels, got 0");
  refused(1, 9, 24000, 16, "1 to 8 channels, got 9");
  refused(1, 65535, 24000, 16, "1 to 8 channels, got 65535");
  refused(1, 1, 0, 16, "[8000, 192000] Hz, got 0");
  refused(1, 1, 7999, 16, "[8000, 192000] Hz, got 7999");
  refused(1, 1, 192001, 16, "[8000, 192000] Hz, got 192001");
  refused(1, 1, 0xFFFFFFFF, 16, "[8000, 192000] Hz, got 4294967295");
  std::string frame = WavFields().file();
  frame[32] = 3;
  expect_refused(frame, "a frame of 1 channels with 16 bits cannot have 3 bytes");
}

TEST(WavDamage, AnyByteOfTheHeaderMayBeWrong) {
  const std::string file = WavFields().file();
  for (size_t i = 0; i < 44; ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = file;
      damaged[i] = static_cast<char>(value);
      const std::vector<char> copy(damaged.begin(), damaged.end());
      try {
        const Audio audio = parse_wav(copy.data(), copy.size(), "a.wav");
        EXPECT_LE(audio.samples.size(), 4U);
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::kBadAudio);
      }
    }
  }
}

}  // namespace
}  // namespace chatterbox::audio
