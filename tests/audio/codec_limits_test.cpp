// What no format takes or gives, and the messages that say so.
#include <gmock/gmock.h>

#include <limits>

#include "audio/codec.h"
#include "audio/encoded.h"
#include "support/error.h"
#include "support/temporary_folder.h"

namespace chatterbox::audio {
namespace {

using ::testing::HasSubstr;

template <class Action>
void expect_refused(Status status, const std::string& why, const Action& action) {
  try {
    action();
    ADD_FAILURE() << "accepted, expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(why));
  }
}

void expect_no_encoding(const Audio& audio, AudioFormat format, const std::string& why) {
  expect_refused(Status::kInvalidArgument, why, [&] { (void)encode_audio(audio, format); });
}

void expect_no_decoding(const std::string& bytes, const std::string& why,
                        size_t max_samples = kMaxSamples) {
  expect_refused(Status::kBadAudio, why, [&] { (void)decoded(bytes, max_samples); });
}

TEST(CodecLimits, EndingsAreListed) {
  for (const char* name : {"a", "a.aac", "wav", ".wav", "a.wav/b", "", "a.flac2", "-"}) {
    expect_refused(
        Status::kInvalidArgument,
        std::string(name) +
            ": the name of an audio file must end in one of .wav, .flac, .ogg, .oga, .opus, .mp3",
        [&] { (void)format_of(name); });
  }
  const testing::TemporaryFolder folder;
  expect_refused(Status::kInvalidArgument, "a.aac: the name",
                 [&] { write_audio(folder.file("a.aac"), speech(100)); });
}

TEST(CodecLimits, EveryFormatRefusesTheSameSamples) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const AudioFormat format : kFormats) {
    expect_no_encoding({{0, 0, kNan}, 24000, 1}, format, "sample 2 is not a number");
    expect_no_encoding({{}, 24000, 1}, format, "at least one frame");
    expect_no_encoding({{0, 0, 0}, 24000, 2}, format, "2 channels cannot have 3 samples");
    expect_no_encoding({{0}, 24000, 0}, format, "channels, got 0");
    expect_no_encoding({{0}, 24000, -1}, format, "channels, got -1");
    expect_no_encoding({{0}, 24000, 9}, format, "channels, got 9");
    for (const int32_t rate : {-1, 0, 7999, 192001, std::numeric_limits<int32_t>::max()}) {
      expect_no_encoding({{0}, rate, 1}, format, fmt::format(" Hz, got {}", rate));
    }
  }
  for (const int32_t format : {-1, 0, 6}) {
    expect_no_encoding({{0}, 24000, 1}, static_cast<AudioFormat>(format),
                       fmt::format("format of audio must be in [1, 5] here, got {}", format));
  }
}

TEST(CodecLimits, RatesAndChannelsThatAFormatHasNot) {
  const Audio three{{0, 0, 0}, 24000, 3};
  expect_no_encoding(three, AudioFormat::kOpus, "Opus must have 1 to 2 channels, got 3");
  expect_no_encoding(three, AudioFormat::kMp3, "MP3 must have 1 to 2 channels, got 3");
  expect_no_encoding({{0}, 44100, 1}, AudioFormat::kOpus,
                     "the sample rate of Opus must be one of 8000, 12000, 16000, 24000, 48000 Hz, "
                     "got 44100");
  expect_no_encoding({{0}, 96000, 1}, AudioFormat::kMp3,
                     "the sample rate of MP3 must be one of 8000, 11025, 12000, 16000, 22050, "
                     "24000, 32000, 44100, 48000 Hz, got 96000");
  expect_no_encoding({{0}, 65536, 1}, AudioFormat::kFlac,
                     "FLAC must be a multiple of 10 Hz above 65535 Hz, got 65536");
  for (const int32_t rate : {65535, 65540}) {
    EXPECT_EQ(decoded(encode_audio({{0}, rate, 1}, AudioFormat::kFlac)).sample_rate, rate);
  }
}

TEST(CodecLimits, SamplesAreCountedInAllChannels) {
  Audio audio = speech(20000);
  audio.channels = 2;
  for (const AudioFormat format : kFormats) {
    const std::string bytes = encode_audio(audio, format);
    EXPECT_EQ(decoded(bytes, 20000).samples.size(), 20000U) << name_of(format);
    expect_no_decoding(
        bytes, "a.bin: must have at most 19999 samples in all channels, has at least", 19999);
    expect_no_decoding(bytes, "at most 0 samples", 0);
  }
}

// A megabyte of FLAC can hold hours of silence. 655350 Hz and the like are not read either.
TEST(CodecLimits, FlacThatTellsTooMuch) {
  std::string bytes = encode_audio(speech(5000), AudioFormat::kFlac);
  // STREAMINFO begins at byte 8; 36 bits of samples end at its byte 18.
  std::string longer = bytes;
  longer.replace(22, 4, "\xFF\xFF\xFF\xFF");
  expect_no_decoding(longer,
                     "must have at most 921600000 samples in all channels, has at least 42949");
  std::string faster = bytes;
  faster[18] = '\x9F';  // the upper 8 of 20 bits
  expect_no_decoding(faster, "the sample rate must be in [8000, 192000] Hz, got 65");
}

TEST(CodecLimits, OtherFilesAreNamed) {
  const auto refused = [](const std::string& bytes, const std::string& quoted) {
    expect_no_decoding(
        bytes, "a.bin: not a WAV, FLAC, Ogg Vorbis, Opus or MP3 file (starts with " + quoted + ")");
    EXPECT_FALSE(is_audio(bytes));
  };
  refused("", "nothing");
  refused("text", "'text'");
  refused(std::string(40, '\0'), R"('\x00\x00\x00\x00\x00\x00\x00\x00')");
  refused("FORM0000AIFF" + std::string(50, '\0'), "'FORM0000'");
  refused("RF64\xFF\xFF\xFF\xFFWAVEds64", R"('RF64\xff\xff\xff\xff')");
  refused("\xFF\xF1\x50\x80 aac", R"('\xff\xf1P\x80 aac')");
  refused("\xFF\xFE\x61\x01", R"('\xff\xfea\x01')");  // UTF-16
  refused(std::string("ID3\x04\x00\x00\x00\x00\x00\x00text", 14), R"('ID3\x04\x00\x00\x00\x00')");
  expect_no_decoding("RIFF0000AVI " + std::string(50, '\0'), "'RIFF0000' and holds 'AVI '");
  expect_no_decoding("OggS", "truncated, the Ogg page at byte 0");
  expect_no_decoding("fLaC", "a.bin: cannot be decoded: ");
  expect_no_decoding("ID3 and more", "a.bin: cannot be decoded: ");
  expect_no_decoding("\xFF\xFB\x90\x64", "a.bin: cannot be decoded: ");
}

}  // namespace
}  // namespace chatterbox::audio
