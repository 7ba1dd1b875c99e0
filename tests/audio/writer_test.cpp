#include "audio/writer.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>

#include "audio/encoded.h"
#include "support/error.h"
#include "support/file_io.h"
#include "support/temporary_folder.h"

namespace chatterbox::audio {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Writer : public ::testing::TestWithParam<AudioFormat> {
 protected:
  [[nodiscard]] std::string path(const std::string& name = "a") const { return folder_.file(name); }
  [[nodiscard]] std::string bytes(const std::string& name = "a") const {
    return read_file(path(name), kMaxFileBytes);
  }
  // Frames of silence before the sound, where nobody can be told of them.
  [[nodiscard]] static size_t delay() { return GetParam() == AudioFormat::kMp3 ? 1105 : 0; }

  const testing::TemporaryFolder folder_;
  const Audio speech_ = speech(20000);
};

// In parts of all sizes, it is what encode_audio() makes.
TEST_P(Writer, AGrownFileIsTheWholeOne) {
  AudioWriter writer(path(), 24000, 1, GetParam());
  for (size_t at = 0, part = 1; at < 20000; at += part, part = part * 3 % 4999) {
    part = std::min(part, 20000 - at);
    writer.write(&speech_.samples[at], part);
    EXPECT_EQ(writer.frames(), at + part);
  }
  writer.finish();
  EXPECT_EQ(read_audio(path()).samples, decoded(encode_audio(speech_, GetParam())).samples);
}

TEST_P(Writer, EndedAnywhereItIsWhole) {
  for (const size_t frames : {1U, 100U, 1152U, 4096U, 4097U, 15000U}) {
    {
      AudioWriter writer(path(), 24000, 1, GetParam());
      for (size_t at = 0; at < frames; at += 500) {
        writer.write(&speech_.samples[at], std::min<size_t>(500, frames - at));
      }
    }
    EXPECT_EQ(read_audio(path()).samples, decoded(encode_audio(speech(frames), GetParam())).samples)
        << frames;
  }
}

TEST_P(Writer, ASinkGetsTheBytesInOrder) {
  for (const int32_t channels : {1, 2}) {
    std::string piped;
    AudioWriter writer(
        [&piped](const void* data, size_t size) {
          piped.append(static_cast<const char*>(data), size);
          return true;
        },
        24000, channels, GetParam());
    EXPECT_EQ(piped, "");
    const size_t frames = 20000 / static_cast<size_t>(channels);
    writer.write(speech_.samples.data(), frames / 2);
    EXPECT_NE(piped, "");
    writer.write(&speech_.samples[10000], frames / 2);
    writer.finish();
    const Audio read = decoded(piped);
    Audio whole = speech_;
    whole.channels = channels;
    const std::vector<float> expected = decoded(encode_audio(whole, GetParam())).samples;
    const size_t begin = delay() * static_cast<size_t>(channels);
    ASSERT_GE(read.samples.size(), begin + 20000);
    if (delay() == 0) {
      EXPECT_EQ(read.samples, expected);
    } else {
      EXPECT_EQ(read.samples.size() % 576, 0U);
      EXPECT_GE(snr(expected, read.samples, begin), 100);
    }
  }
}

// Nobody waits for much of the sound, least of all at the beginning.
TEST_P(Writer, ASinkGetsSoundEarly) {
  std::string piped;
  AudioWriter writer(
      [&piped](const void* data, size_t size) {
        piped.append(static_cast<const char*>(data), size);
        return true;
      },
      24000, 1, GetParam());
  const Audio audio = speech(72000);
  const size_t held_back = GetParam() == AudioFormat::kVorbis ? 30000 : 7200;
  for (size_t frames = 2400; frames <= 72000; frames += 2400) {
    writer.write(&audio.samples[frames - 2400], 2400);
    if (frames <= held_back) continue;
    // The last frame of an MP3 comes in parts; a second has 10000 bytes.
    const size_t sound =
        GetParam() == AudioFormat::kMp3 ? piped.size() * 24 / 10 : decoded(piped).samples.size();
    EXPECT_GE(sound + held_back, frames);
  }
}

TEST_P(Writer, AFileAppearsWithTheFirstSamples) {
  std::ofstream(path()) << "old";
  {
    AudioWriter writer(path(), 24000, 1, GetParam());
    writer.write(speech_.samples.data(), 0);
    writer.finish();
    writer.finish();
    EXPECT_EQ(writer.frames(), 0U);
  }
  EXPECT_EQ(bytes(), "old");
  AudioWriter writer(path(), 24000, 1, GetParam());
  const float nan = NAN;
  EXPECT_THROW(writer.write(&nan, 1), Error);
  EXPECT_EQ(bytes(), "old");
  writer.write(speech_.samples.data(), 20000);
  EXPECT_TRUE(is_audio(bytes()));
  try {
    writer.write(&nan, 1);
    ADD_FAILURE() << "NaN was taken";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "sample 20000 is not a number");
  }
  writer.finish();
  EXPECT_EQ(read_audio(path()).samples.size(), 20000U);
  EXPECT_THROW(writer.write(speech_.samples.data(), 1), Error);
}

TEST_P(Writer, AReceiverThatStops) {
  for (const size_t most : {0U, 100U, 5000U}) {
    size_t taken = 0;
    const auto sink = [&](const void* /*data*/, size_t size) {
      taken += size;
      return taken <= most;
    };
    AudioWriter writer(sink, 24000, 1, GetParam());
    try {
      writer.write(speech_.samples.data(), 20000);
      writer.finish();
      ADD_FAILURE() << most;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kIo);
      EXPECT_THAT(error.what(), StartsWith("audio cannot be written: its receiver"));
    }
    if (writer.frames() > 0) continue;  // it was finish() that failed
    EXPECT_THROW(writer.write(speech_.samples.data(), 1), Error);
    EXPECT_THROW(writer.finish(), Error);
    EXPECT_NO_THROW(writer.finish());
  }
}

TEST_P(Writer, AnExceptionOfTheReceiverIsTheCallers) {
  AudioWriter writer([](const void* /*data*/, size_t /*size*/) -> bool { throw 7; }, 24000, 1,
                     GetParam());
  const auto run = [&] {
    writer.write(speech_.samples.data(), 20000);
    writer.finish();
  };
  EXPECT_THROW(run(), int);
}

TEST_P(Writer, APipeIsNotRewritten) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  auto reader =
      std::async(std::launch::async, [&] { return read_file(path("pipe"), kMaxFileBytes); });
  {
    AudioWriter writer(path("pipe"), 24000, 1, GetParam());
    writer.write(speech_.samples.data(), 20000);
  }
  EXPECT_GE(decoded(reader.get()).samples.size(), delay() + 20000);
}

TEST_P(Writer, FailuresNameThePath) {
  for (const std::string& name : {path("no/such/folder/a"), path(""), std::string("/dev/full")}) {
    AudioWriter writer(name, 24000, 1, GetParam());
    try {
      writer.write(speech_.samples.data(), 20000);
      writer.finish();
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kIo);
      EXPECT_THAT(error.what(), StartsWith(name + ": cannot be written: "));
    }
  }
}

std::string name_of_test(const ::testing::TestParamInfo<AudioFormat>& info) {
  std::string name = name_of(info.param);
  name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
  return name;
}
INSTANTIATE_TEST_SUITE_P(Formats, Writer, ::testing::ValuesIn(kFormats), name_of_test);

// WAV is whole even if the process is killed.
TEST(WavWriter, TheFileIsWholeAtEveryMoment) {
  const testing::TemporaryFolder folder;
  const Audio audio = speech(3000);
  AudioWriter writer(folder.file("a.wav"), 24000);
  for (size_t frames = 1000; frames <= 3000; frames += 1000) {
    writer.write(&audio.samples[frames - 1000], 1000);
    EXPECT_EQ(read_audio(folder.file("a.wav")).samples, speech(frames).samples);
  }
}

TEST(AudioWriterArguments, AreCheckedBeforeAnythingIsOpened) {
  const testing::TemporaryFolder folder;
  const auto refused = [&](const std::string& name, int32_t rate, int32_t channels,
                           const std::string& why) {
    try {
      AudioWriter(folder.file(name), rate, channels).finish();
      ADD_FAILURE() << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kInvalidArgument);
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
    EXPECT_FALSE(fs::exists(folder.file(name)));
  };
  refused("a.aac", 24000, 1, "must end in one of .wav, ");
  refused("a.wav", 24000, 9, "WAV must have 1 to 8 channels, got 9");
  refused("a.flac", 7999, 1, "[8000, 192000] Hz, got 7999");
  refused("a.opus", 22050, 1, "got 22050");
  refused("a.mp3", 24000, 3, "MP3 must have 1 to 2 channels, got 3");
  const auto sink = [](const void* /*data*/, size_t /*size*/) { return true; };
  EXPECT_THROW(AudioWriter(sink, 24000, 1, AudioFormat::kAuto), Error);
}

}  // namespace
}  // namespace chatterbox::audio
