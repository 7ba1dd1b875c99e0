// Every format that the program writes and reads.
#include <algorithm>
#include <cmath>

#include "cli/cli_test.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Formats = CliTest;

const std::vector<std::string> kNames = {"wav", "flac", "ogg", "opus", "mp3"};
const std::vector<std::string> kLossy = {"ogg", "opus", "mp3"};

// By its first bytes.
std::string format_of(const std::string& bytes) {
  if (bytes.substr(0, 4) == "RIFF") return "wav";
  if (bytes.substr(0, 4) == "fLaC") return "flac";
  if (bytes.substr(0, 4) == "OggS" && bytes.substr(28, 8) == "OpusHead") return "opus";
  if (bytes.substr(0, 4) == "OggS" && bytes.substr(29, 6) == "vorbis") return "ogg";
  const bool mpeg = bytes.size() > 2 && bytes[0] == '\xff' && (bytes[1] & '\xe0') == '\xe0';
  return mpeg || bytes.substr(0, 3) == "ID3" ? "mp3" : "unknown";
}

double seconds(const Audio& audio) {
  return static_cast<double>(audio.frames()) / audio.sample_rate();
}

// Mean of squares, and of the products with the other: how alike two sounds are, 1 at most.
double correlation(Samples a, Samples b) {
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

// The same speech as in the WAV file.
void expect_same_speech(const std::string& name, const Audio& audio, const Audio& wav) {
  EXPECT_EQ(audio.channels(), 1);
  EXPECT_NEAR(seconds(audio), seconds(wav), 0.1);
  if (name == "wav" || name == "flac") {
    EXPECT_TRUE(wave_of(audio) == wave_of(wav));
  } else if (audio.sample_rate() == wav.sample_rate()) {
    EXPECT_GT(correlation(audio.samples(), wav.samples()), 0.5);  // noise is what they code worst
  }
}

TEST_F(Formats, TheEndingSaysWhichOne) {
  ASSERT_EQ(run(quick("Hello.", {"--seed", "1", "-o", path("b.wav")})).exit_code, 0);
  const Audio wav = read_audio(path("b.wav"));
  for (const std::string& name : kNames) {
    SCOPED_TRACE(name);
    const std::string file = path("a." + name);
    const Outcome outcome = run(quick("Hello.", {"--seed", "1", "-o", file}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(format_of(read_file(file)), name);
    expect_same_speech(name, read_audio(file), wav);
  }
}

TEST_F(Formats, TheOptionSaysWhichOneWhateverTheEnding) {
  ASSERT_EQ(run(quick("Hello.", {"--seed", "1", "-o", path("b.wav")})).exit_code, 0);
  const Audio wav = read_audio(path("b.wav"));
  for (const std::string& name : kNames) {
    SCOPED_TRACE(name);
    for (const std::string& output : {path("a.wav"), path("none"), std::string("-")}) {
      const Outcome outcome = run(quick("Hello.", {"--seed", "1", "--format", name, "-o", output}));
      ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
      const std::string bytes = output == "-" ? outcome.out : read_file(output);
      EXPECT_EQ(format_of(bytes), name);
      expect_same_speech(name, decode_audio(bytes.data(), bytes.size()), wav);
    }
  }
}

TEST_F(Formats, LongTextsGrowInAllOfThem) {
  const auto speak = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments = quick(long_text(), {"--seed", "2"});
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  };
  speak({"-o", path("b.wav")});
  const Audio wav = read_audio(path("b.wav"));
  for (const std::string& name : kNames) {
    SCOPED_TRACE(name);
    speak({"-o", path("a." + name)});
    expect_same_speech(name, read_audio(path("a." + name)), wav);
    const std::string piped = speak({"-o", "-", "--format", name});
    EXPECT_EQ(format_of(piped), name);
    EXPECT_NEAR(seconds(decode_audio(piped.data(), piped.size())), seconds(wav), 0.2);
  }
}

TEST_F(Formats, AVoiceIsMadeOfARecordingInAnyOfThem) {
  const Audio recording = read_audio(kRecording);
  const auto make = [&](const std::string& file) {
    const Outcome outcome = run({"voice", "make", file, "-m", synthetic_model(), "-o",
                                 path("a.voice"), "--json", path("a.json")});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_json(path("a.json")).at("id").get<std::string>();
  };
  const std::string id = make(kRecording);
  EXPECT_EQ(id.size(), 32U);
  write_audio(path("a.flac"), recording);
  EXPECT_EQ(make(path("a.flac")), id);
  for (const std::string& name : kLossy) {
    SCOPED_TRACE(name);
    const std::string file = path("a." + name);
    write_audio(file, recording);
    EXPECT_NE(make(file), id);
  }
}

// As everywhere where a recording goes in: what it is, its first bytes say, not its name.
TEST_F(Formats, APromptsNameSaysNothing) {
  write_audio(path("a.mp3"), read_audio(kRecording));
  std::filesystem::copy_file(path("a.mp3"), path("a.wav"));
  ASSERT_EQ(run({"voice", "make", path("a.mp3"), "-m", synthetic_model(), "-o", path("a.voice")})
                .exit_code,
            0);
  std::filesystem::copy_file(path("a.voice"), path("voice.mp3"));
  std::vector<std::string> spoken;
  for (const char* voice : {"a.mp3", "a.wav", "a.voice", "voice.mp3"}) {
    const Outcome outcome =
        run(quick("Hello.", {"--seed", "1", "--voice", path(voice), "-o", path("out.wav")}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    spoken.push_back(read_file(path("out.wav")));
  }
  EXPECT_THAT(spoken, ::testing::Each(spoken.front()));
}

TEST_F(Formats, ConversionsTakeAndGiveThem) {
  write_audio(path("in.opus"), read_audio(kRecording));
  const Outcome outcome = run({"convert", path("in.opus"), "-m", synthetic_model(), "--cfm-steps",
                               "1", "--seed", "3", "-o", path("out.mp3")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(format_of(read_file(path("out.mp3"))), "mp3");
  EXPECT_GT(seconds(read_audio(path("out.mp3"))), 10);
}

TEST_F(Formats, WatermarksAreLookedForInThem) {
  write_audio(path("a.mp3"), read_audio(kRecording));
  const Outcome outcome = run({"watermark", path("a.mp3")});
  if (outcome.exit_code != 0) {
    EXPECT_THAT(outcome.err, HasSubstr("perth_implicit.safetensors"));
    GTEST_SKIP() << "the watermark's weights are not installed";
  }
  EXPECT_THAT(outcome.out, StartsWith("not watermarked"));
}

TEST_F(Formats, AnEndingThatSaysNoneIsRefused) {
  for (const char* name : {"a.txt", "a", "wav"}) {
    expect_failure(run(quick("Hello.", {"-o", path(name)})), 2,
                   path(name) + ": the name of an audio file must end in one of .wav, ");
    EXPECT_FALSE(std::filesystem::exists(path(name)));
  }
}

}  // namespace
}  // namespace chatterbox::test
