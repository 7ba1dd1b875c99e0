// The program with the demo model, from text to files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <chatterbox/chatterbox.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "cli/program.h"

namespace chatterbox::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char* const kRecording = CHATTERBOX_TEST_DATA "/data/espeak_m3.wav";

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), CHATTERBOX_CLI);
  return arguments;
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input = {}) {
  return run_program(command(arguments), input);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder of its own for each test.
class Speak : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "chatterbox_cli_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

TEST_F(Speak, WritesAWavAndIsSilentInAPipeButForTheDemoModel) {
  const Outcome outcome =
      run({"speak", "Hello.", "--seed", "1", "--max-new-tokens", "20", "-o", path("a.wav")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("demo model makes noise-like sound"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  const Audio audio = read_wav(path("a.wav"));
  EXPECT_EQ(audio.sample_rate, 24000);
  EXPECT_EQ(audio.channels, 1);
  EXPECT_GT(audio.samples.size(), 24000u / 10);
}

TEST_F(Speak, StandardInputAndOutputGiveTheSameBytes) {
  ASSERT_EQ(run({"speak", "Hello.", "--seed", "1", "--max-new-tokens", "20", "-o", path("a.wav")})
                .exit_code,
            0);
  const Outcome outcome =
      run({"speak", "-", "--seed", "1", "--max-new-tokens", "20", "-o", "-"}, "Hello.\n");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out == read_file(path("a.wav"))) << "the WAV files differ";
}

TEST_F(Speak, StatisticsHaveEveryField) {
  const Outcome outcome = run({"speak", "Hello.", "--seed", "7", "--max-new-tokens", "20", "-o",
                               path("a.wav"), "--json", "-", "--device", "cpu"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("seed"), 7);
  EXPECT_GT(json.at("text_tokens"), 2);
  EXPECT_GT(json.at("speech_tokens"), 0);
  EXPECT_LE(json.at("speech_tokens"), 20);
  EXPECT_GT(json.at("decode_steps"), 0);
  EXPECT_THAT(json.at("finish_reason").get<std::string>(), ::testing::AnyOf("eos", "max_tokens"));
  EXPECT_NEAR(json.at("audio_seconds").get<double>(),
              static_cast<double>(read_wav(path("a.wav")).samples.size()) / 24000, 1e-6);
  EXPECT_GT(json.at("rtf"), 0);
  for (const char* stage : {"queued", "text", "prefill", "decode", "flow", "vocoder", "total"}) {
    EXPECT_GE(json.at("timings").at(stage), 0) << stage;
  }
  EXPECT_EQ(json.at("engine").at("model"), "demo");
  EXPECT_EQ(json.at("engine").at("device"), "cpu");
  EXPECT_EQ(json.at("engine").at("sample_rate"), 24000);
  EXPECT_GE(json.at("voice_seconds"), 0);
  EXPECT_GT(json.at("peak_rss_mib"), 10);
}

TEST_F(Speak, ASeedThatWasPickedSpeaksTheSameAgain) {
  ASSERT_EQ(run({"speak", "Hello.", "--max-new-tokens", "20", "-o", path("a.wav"), "--json",
                 path("a.json")})
                .exit_code,
            0);
  const auto seed = nlohmann::json::parse(read_file(path("a.json"))).at("seed").get<uint64_t>();
  ASSERT_EQ(run({"speak", "Hello.", "--max-new-tokens", "20", "-o", path("b.wav"), "--seed",
                 std::to_string(seed)})
                .exit_code,
            0);
  EXPECT_TRUE(read_file(path("a.wav")) == read_file(path("b.wav"))) << "the WAV files differ";
}

TEST_F(Speak, DumpHasTheStagesOfVoiceAndSpeech) {
  const Outcome outcome =
      run({"speak", "Hello.", "--seed", "1", "--max-new-tokens", "20", "--voice", kRecording, "-o",
           path("a.wav"), "--dump", path("a.safetensors")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto file = checkpoint::open_safetensors(path("a.safetensors"));
  for (const char* name :
       {"voice.speaker_emb", "voice.cond_prompt_speech_tokens", "voice.gen.prompt_token",
        "voice.gen.prompt_feat", "voice.gen.embedding", "text.ids", "t3.logits0", "t3.tokens",
        "s3gen.speech_tokens", "s3gen.mu", "s3gen.mel", "s3gen.f0", "s3gen.source", "s3gen.wav"}) {
    const auto* tensor = file->find(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_GT(tensor->bytes, 0u) << name;
  }
}

TEST_F(Speak, ASavedVoiceSpeaksAsItsRecording) {
  ASSERT_EQ(run({"voice", "make", kRecording, "-o", path("m.voice")}).exit_code, 0);
  const std::vector<std::string> speak = {"speak", "Hello.",           "--seed",
                                          "1",     "--max-new-tokens", "20"};
  auto from_wav = speak;
  from_wav.insert(from_wav.end(), {"--voice", kRecording, "-o", path("a.wav")});
  auto from_voice = speak;
  from_voice.insert(from_voice.end(), {"--voice", path("m.voice"), "-o", path("b.wav")});
  ASSERT_EQ(run(from_wav).exit_code, 0);
  ASSERT_EQ(run(from_voice).exit_code, 0);
  EXPECT_TRUE(read_file(path("a.wav")) == read_file(path("b.wav"))) << "the WAV files differ";

  const Outcome info = run({"voice", "info", path("m.voice"), "--json", "-"});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  const auto json = nlohmann::json::parse(info.out);
  EXPECT_EQ(json.at("mel_frames"), 2 * json.at("s3gen_tokens").get<int>());
  EXPECT_GT(json.at("prompt_tokens"), 0);
  EXPECT_THAT(run({"voice", "info", path("m.voice")}).out, HasSubstr("speech tokens"));
}

TEST_F(Speak, InfoDescribesTheModel) {
  const Outcome outcome = run({"info", "demo", "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("family"), "english");
  EXPECT_GT(json.at("parameters"), 0);
  EXPECT_EQ(json.at("has_default_voice"), true);
  EXPECT_THAT(run({"info", "demo"}).out, HasSubstr("family: english\n"));
}

TEST_F(Speak, TextThatCannotBeSpokenIsWrongUsage) {
  for (const std::string text : {"", "  \n", "\xff\xfe"}) {
    const Outcome outcome = run({"speak", "-", "-o", path("a.wav")}, text);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("chatterbox: error: "));
    EXPECT_FALSE(fs::exists(path("a.wav")));
  }
}

TEST_F(Speak, AVoiceThatCannotBeReadIsAFailure) {
  std::ofstream(path("cut.wav"), std::ios::binary) << "RIFF\x24";
  std::ofstream(path("none.voice")) << "no voice";
  for (const char* name : {"cut.wav", "none.voice", "missing.voice"}) {
    const Outcome outcome = run({"speak", "Hello.", "--voice", path(name), "-o", path("a.wav")});
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(name));
  }
}

TEST_F(Speak, ATerminalShowsProgress) {
  const Outcome outcome = run_on_terminal(
      command({"speak", "Hello.", "--seed", "1", "--max-new-tokens", "400", "--temperature", "5",
               "--min-p", "0", "-o", path("a.wav"), "--cfm-steps", "20"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("\r\033[K"));
}

TEST_F(Speak, AnInterruptEndsItWith130AndWithoutAFile) {
  const Outcome outcome =
      run_on_terminal(command({"speak", "Hello there, this takes a while.", "--seed", "1",
                               "--max-new-tokens", "4096", "--temperature", "5", "--min-p", "0",
                               "--cfm-steps", "100", "-o", path("a.wav")}),
                      "\r\033[K");
  EXPECT_EQ(outcome.exit_code, 130) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("interrupted"));
  EXPECT_FALSE(fs::exists(path("a.wav")));
}

}  // namespace
}  // namespace chatterbox::test
