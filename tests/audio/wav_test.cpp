#include "audio/wav.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "audio/codec.h"
#include "audio/wav_bytes.h"
#include "support/error.h"
#include "support/temporary_folder.h"

namespace chatterbox::audio {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

Audio parse(const std::string& bytes) { return parse_wav(bytes.data(), bytes.size(), "a.wav"); }

class WavFile : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path("")), {}));
  }

  const testing::TemporaryFolder folder_;
};

TEST(ParseWav, IntegersAreScaledByTheirRange) {
  WavFields wav;
  wav.data = little<int16_t>(-32768) + little<int16_t>(32767) + little<int16_t>(1);
  EXPECT_THAT(parse(wav.file()).samples, ElementsAre(-1.0F, 32767.0F / 32768, 1.0F / 32768));
  wav.bits = 8;
  wav.data = std::string("\x00\x80\xFF\x81", 4);
  EXPECT_THAT(parse(wav.file()).samples, ElementsAre(-1.0F, 0.0F, 127.0F / 128, 1.0F / 128));
  wav.bits = 24;
  wav.data = std::string("\x00\x00\x80\xFF\xFF\x7F\xFF\xFF\xFF", 9);
  EXPECT_THAT(parse(wav.file()).samples, ElementsAre(-1.0F, 8388607.0F / 8388608, -1.0F / 8388608));
  wav.bits = 32;
  wav.data = little<int32_t>(std::numeric_limits<int32_t>::min()) + little<int32_t>(1 << 30);
  EXPECT_THAT(parse(wav.file()).samples, ElementsAre(-1.0F, 0.5F));
}

TEST(ParseWav, FloatsStayAsTheyAre) {
  WavFields wav;
  wav.code = 3;
  wav.bits = 32;
  const float values[] = {-1.5F, 0.1F, std::numeric_limits<float>::quiet_NaN()};
  wav.data.assign(reinterpret_cast<const char*>(values), sizeof values);
  const Audio audio = parse(wav.file());
  EXPECT_EQ(audio.samples[0], -1.5F);
  EXPECT_EQ(audio.samples[1], 0.1F);
  EXPECT_TRUE(std::isnan(audio.samples[2]));
  wav.bits = 64;
  const double wide[] = {0.1, -7};
  wav.data.assign(reinterpret_cast<const char*>(wide), sizeof wide);
  EXPECT_THAT(parse(wav.file()).samples, ElementsAre(0.1F, -7.0F));
}

TEST(ParseWav, ChannelsAndRates) {
  WavFields wav;
  wav.channels = 2;
  for (const uint32_t rate : {8000U, 24000U, 44100U, 192000U}) {
    wav.rate = rate;
    const Audio audio = parse(wav.file());
    EXPECT_EQ(audio.sample_rate, static_cast<int32_t>(rate));
    EXPECT_EQ(audio.channels, 2);
    EXPECT_THAT(audio.samples, ElementsAre(0x0201 / 32768.0F, 0x0403 / 32768.0F));
  }
}

TEST(ParseWav, UnknownChunksAreSkipped) {
  WavFields wav;
  wav.before_format = chunk("JUNK", std::string(28, '\0')) + chunk("odd ", "123");
  wav.before_data = chunk("LIST", "INFOx") + chunk("fact", "1234");
  EXPECT_EQ(parse(wav.file() + chunk("LIST", "after")).samples.size(), 2U);
}

// As ffmpeg and our own AudioWriter write into pipes.
TEST(ParseWav, AStreamReachesToItsEnd) {
  std::string file = WavFields().file();
  file.replace(40, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_THROW(parse(file), Error);
  file.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_THAT(parse(file).samples, ElementsAre(0x0201 / 32768.0F, 0x0403 / 32768.0F));
  EXPECT_THROW(parse(file.substr(0, file.size() - 1)), Error);
  EXPECT_THROW(parse(file.substr(0, 44)), Error);
}

TEST(ParseWav, Extensible) {
  WavFields wav;
  wav.code = 0xFFFE;
  wav.bits = 24;
  wav.data = std::string("\x00\x00\x40", 3);
  const std::string guid("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  const std::string extension = little<uint16_t>(22) + little<uint16_t>(24) + little<uint32_t>(4);
  const auto file = [&](const std::string& code, const std::string& rest) {
    return WavFields::riff(chunk("fmt ", wav.format() + extension + code + rest) +
                           chunk("data", wav.data));
  };
  EXPECT_THAT(parse(file(little<uint16_t>(1), guid)).samples, ElementsAre(0.5F));
  EXPECT_THROW(parse(file(little<uint16_t>(6), guid)), Error);
  EXPECT_THROW(parse(file(little<uint16_t>(1), std::string(14, 'x'))), Error);
  EXPECT_THROW(parse(wav.file()), Error);
}

TEST(EncodeWav, HeaderByHand) {
  const Audio audio{{0.0F, -1.0F}, 24000, 2};
  WavFields wav;
  wav.channels = 2;
  wav.data = little<int16_t>(0) + little<int16_t>(-32768);
  EXPECT_EQ(encode_wav(audio), wav.file());
}

// What soundfile 0.14 writes with subtype PCM_16.
TEST(EncodeWav, RoundsAndClipsAsSoundfile) {
  const Audio audio{{0.1F, -0.1F, 0.5F, -0.5F, 1.0F, -1.0F, 1.5F, -1.5F, 1.0F / 65536,
                     -1.0F / 65536, 1.5F / 32768, -1.5F / 32768, 0.3333F, -0.3333F, 0.99999F,
                     2.5F / 32768, -1e-20F, INFINITY, -INFINITY}};
  const std::string bytes = encode_wav(audio);
  std::vector<int16_t> samples(audio.samples.size());
  ASSERT_EQ(bytes.size(), 44 + samples.size() * 2);
  std::memcpy(samples.data(), bytes.data() + 44, samples.size() * 2);
  EXPECT_THAT(samples, ElementsAre(3276, -3277, 16384, -16384, 32767, -32768, 32767, -32768, 0, -1,
                                   1, -2, 10921, -10922, 32767, 2, 0, 32767, -32768));
}

TEST(EncodeWav, RefusesWhatHasNoPlaceInAWavFile) {
  const auto refused = [](const Audio& audio, const std::string& why) {
    try {
      (void)encode_audio(audio, AudioFormat::kWav);
      ADD_FAILURE() << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kInvalidArgument);
      EXPECT_THAT(error.what(), ::testing::HasSubstr(why));
    }
  };
  refused({{0, 0, NAN}}, "sample 2 is not a number");
  refused({{}}, "at least one frame");
  refused({{0}, 24000, 0}, "1 to 8 channels, got 0");
  refused({{0}, 24000, 9}, "1 to 8 channels, got 9");
  refused({{0}, 7999, 1}, "[8000, 192000] Hz, got 7999");
  refused({{0}, 192001, 1}, "[8000, 192000] Hz, got 192001");
  refused({{0, 0, 0}, 24000, 2}, "2 channels cannot have 3 samples");
}

TEST_F(WavFile, EveryInt16SurvivesAWriteAndARead) {
  Audio audio;
  for (int i = -32768; i < 32768; ++i) audio.samples.push_back(static_cast<float>(i) / 32768);
  audio.sample_rate = 44100;
  audio.channels = 4;
  write_audio(path("a.wav"), audio);
  const Audio read = read_audio(path("a.wav"));
  EXPECT_EQ(read.samples, audio.samples);
  EXPECT_EQ(read.sample_rate, 44100);
  EXPECT_EQ(read.channels, 4);
  EXPECT_EQ(files(), 1U);
}

TEST_F(WavFile, ReplacesAFileWholeOrNotAtAll) {
  write_audio(path("a.wav"), {{0.5F}});
  EXPECT_THROW(write_audio(path("a.wav"), {{NAN}}), Error);
  EXPECT_THAT(read_audio(path("a.wav")).samples, ElementsAre(0.5F));
  write_audio(path("a.wav"), {{0.25F}});
  EXPECT_THAT(read_audio(path("a.wav")).samples, ElementsAre(0.25F));
  EXPECT_EQ(files(), 1U);
}

TEST_F(WavFile, WritesBehindALinkAndIntoADevice) {
  write_audio(path("a.wav"), {{0.5F}});
  fs::create_symlink(path("a.wav"), path("link.wav"));
  write_audio(path("link.wav"), {{0.25F}});
  EXPECT_TRUE(fs::is_symlink(path("link.wav")));
  EXPECT_THAT(read_audio(path("a.wav")).samples, ElementsAre(0.25F));
  write_audio("/dev/null", {{0.5F}}, AudioFormat::kWav);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(WavFile, WriteFailuresNameThePath) {
  for (const std::string& name : {path("no/such/folder/a.wav"), path("")}) {
    try {
      write_audio(name, {{0.5F}}, AudioFormat::kWav);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kIo);
      EXPECT_THAT(error.what(), ::testing::StartsWith(name + ": cannot be written: "));
    }
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(WavFile, ReadFailuresNameThePath) {
  const auto refused = [](const std::string& name, Status status) {
    try {
      (void)read_audio(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), status);
      EXPECT_THAT(error.what(), ::testing::StartsWith(name + ": "));
    }
  };
  refused(path("missing.wav"), Status::kNotFound);
  refused(path(""), Status::kIo);
  refused("/dev/zero", Status::kBadAudio);  // which has no end
  std::ofstream(path("empty.wav")).flush();
  refused(path("empty.wav"), Status::kBadAudio);
}

TEST(ReadWav, TheVoicesOfTheTests) {
  const Audio audio = read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav");
  EXPECT_EQ(audio.sample_rate, 22050);
  EXPECT_EQ(audio.channels, 1);
  EXPECT_EQ(audio.samples.size(), (148660U - 44) / 2);
}

}  // namespace
}  // namespace chatterbox::audio
