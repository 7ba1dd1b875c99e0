// The program with the synthetic model, from text to files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "cli/program.h"
#include "engine/checkpoint_folder.h"

namespace chatterbox::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const char* const kRecording = CHATTERBOX_TEST_DATA "/data/espeak_m3.wav";

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), CHATTERBOX_CLI);
  return arguments;
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input = {}) {
  return run_program(command(arguments), input);
}

// A short piece of speech, in two Euler steps.
std::vector<std::string> quick(const std::string& text, const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {
      "speak", text, "--model", "synthetic", "--max-new-tokens", "20", "--cfm-steps", "2"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

// The error; lines before it may be about the model.
std::string last_line(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
}

void expect_failure(const Outcome& outcome, int exit_code, const std::string& text) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(last_line(outcome.err), StartsWith("chatterbox: error: "));
  EXPECT_THAT(last_line(outcome.err), HasSubstr(text));
  EXPECT_LE(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << outcome.err;
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

TEST_F(Speak, WritesAWavAndIsSilentInAPipeButForTheSyntheticModel) {
  const Outcome outcome = run(quick("Hello.", {"--seed", "1", "-o", path("a.wav")}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("synthetic model makes noise"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  const Audio audio = read_wav(path("a.wav"));
  EXPECT_EQ(audio.sample_rate, 24000);
  EXPECT_EQ(audio.channels, 1);
  EXPECT_GT(audio.samples.size(), 24000u / 10);
}

TEST_F(Speak, StandardInputAndOutputGiveTheSameBytes) {
  ASSERT_EQ(run(quick("Hello.", {"--seed", "1", "-o", path("a.wav")})).exit_code, 0);
  const Outcome outcome = run(quick("-", {"--seed", "1", "-o", "-"}), "Hello.\n");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out == read_file(path("a.wav"))) << "the WAV files differ";
}

TEST_F(Speak, StatisticsHaveEveryField) {
  const Outcome outcome =
      run(quick("Hello.", {"--seed", "7", "-o", path("a.wav"), "--json", "-", "--device", "cpu"}));
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
  EXPECT_GT(json.at("quality").at("peak"), 0);
  EXPECT_GE(json.at("quality").at("clipped_samples"), 0);
  EXPECT_GE(json.at("quality").at("longest_repetition"), 1);
  EXPECT_TRUE(json.at("quality").at("text_coverage").is_null());
  EXPECT_TRUE(json.at("quality").at("interventions").empty());
  EXPECT_EQ(json.at("engine").at("model"), "synthetic");
  EXPECT_EQ(json.at("engine").at("device"), "cpu");
  EXPECT_EQ(json.at("engine").at("sample_rate"), 24000);
  EXPECT_GE(json.at("voice_seconds"), 0);
  EXPECT_GT(json.at("peak_rss_mib"), 10);
}

TEST_F(Speak, ASeedThatWasPickedSpeaksTheSameAgain) {
  ASSERT_EQ(run(quick("Hello.", {"-o", path("a.wav"), "--json", path("a.json")})).exit_code, 0);
  const auto seed = nlohmann::json::parse(read_file(path("a.json"))).at("seed").get<uint64_t>();
  ASSERT_EQ(run(quick("Hello.", {"-o", path("b.wav"), "--seed", std::to_string(seed)})).exit_code,
            0);
  EXPECT_TRUE(read_file(path("a.wav")) == read_file(path("b.wav"))) << "the WAV files differ";
}

TEST_F(Speak, DumpHasTheStagesOfVoiceAndSpeech) {
  const Outcome outcome = run(quick("Hello.", {"--seed", "1", "--voice", kRecording, "-o",
                                               path("a.wav"), "--dump", path("a.safetensors")}));
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
  const Outcome made = run({"voice", "make", kRecording, "-o", path("m.voice"), "--model",
                            "synthetic", "--json", path("m.json")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_GT(nlohmann::json::parse(read_file(path("m.json"))).at("voice_seconds"), 0);
  for (const auto& [voice, wav] : {std::pair{std::string(kRecording), path("a.wav")},
                                   std::pair{path("m.voice"), path("b.wav")}}) {
    ASSERT_EQ(run(quick("Hello.", {"--seed", "1", "--voice", voice, "-o", wav})).exit_code, 0);
  }
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
  const std::pair<std::string, const char*> cases[] = {
      {"", "text must not be blank"},
      {"  \n", "text must not be blank"},
      {"\xff\xfe", "byte 0 (0xff)"},
      {std::string("a\0b", 3), "NUL, got one at byte 1"},
      {std::string((16U << 20U) + 1, 'x'), "at most 16777216 bytes, got 16777217"},
  };
  for (const auto& [text, message] : cases) {
    expect_failure(run({"speak", "-", "-o", path("a.wav")}, text), 2, message);
    EXPECT_FALSE(fs::exists(path("a.wav")));
  }
  // One request, so that its tensors are those of the whole text.
  expect_failure(run({"speak", "-", "-o", path("a.wav"), "--dump", path("a.safetensors")},
                     std::string(10001, 'x')),
                 2, "at most 10000 bytes, got 10001");
  expect_failure(run(quick("Hi.", {"--top-k", "5", "-o", path("a.wav")})), 2,
                 "top_k must be 0 for a model of the family english, got 5");
}

TEST_F(Speak, ADeviceThatIsNone) {
  expect_failure(run(quick("Hi.", {"--device", "tpu", "-o", path("a.wav")})), 2,
                 "device must be cpu, cuda, cuda:N or auto, got tpu");
  // Whatever this machine has, it is not this one.
  const Outcome outcome = run(quick("Hi.", {"--device", "cuda:99", "-o", path("a.wav")}));
  expect_failure(outcome, 1, "");
}

TEST_F(Speak, AVoiceThatCannotBeReadIsAFailure) {
  std::ofstream(path("cut.wav"), std::ios::binary) << "RIFF\x24";
  std::ofstream(path("none.voice")) << "no voice";
  std::ofstream(path("empty.wav"));
  for (const char* name : {"cut.wav", "none.voice", "empty.wav", "missing.voice"}) {
    expect_failure(run(quick("Hello.", {"--voice", path(name), "-o", path("a.wav")})), 1, name);
  }
}

TEST_F(Speak, ARecordingThatMakesNoVoiceIsAFailure) {
  write_wav(path("short.wav"), {{0.5F}, 24000, 1});
  write_wav(path("long.wav"), {std::vector<float>(601 * 8000), 8000, 1});
  std::ofstream(path("music.mp3")) << "ID3";
  const std::pair<const char*, const char*> cases[] = {
      {"short.wav", "got 4.16667e-05 s (1 frames)"},
      {"long.wav", "0.5 to 600 s long, got 601 s"},
      {"music.mp3", "music.mp3: not a WAV file"},
      {"missing.wav", "missing.wav"},
  };
  for (const auto& [name, message] : cases) {
    expect_failure(run({"voice", "make", path(name), "-o", path("a.voice")}), 1, message);
    EXPECT_FALSE(fs::exists(path("a.voice")));
  }
}

// A full disk is noticed wherever the program writes.
TEST_F(Speak, WhatCannotBeWrittenIsAFailure) {
  expect_failure(run(quick("Hi.", {"-o", "/dev/full"})), 1, "/dev/full");
  expect_failure(run(quick("Hi.", {"-o", path("a.wav"), "--json", "/dev/full"})), 1, "/dev/full");
}

TEST_F(Speak, AFolderIsAModel) {
  const testing::CheckpointFolder model;
  const Outcome good = run({"info", model.path(), "--json", "-"});
  ASSERT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(good.err, "");
  EXPECT_EQ(nlohmann::json::parse(good.out).at("model"), model.path());
  for (const char* name : testing::kModelFiles) {
    const testing::DamagedFolder damaged(model, name);
    damaged.truncate(10);
    expect_failure(run({"info", damaged.path()}), 1, damaged.damaged_file() + ": ");
    damaged.remove();
    if (std::string(name) != "conds.pt") {
      const std::string missing = name == testing::kModelFiles[0] ? "no T3 of any family: it has "
                                                                  : "missing " + std::string(name);
      expect_failure(run({"info", damaged.path()}), 1, missing);
    }
  }
}

TEST_F(Speak, ATerminalShowsProgress) {
  const Outcome outcome = run_on_terminal(
      command({"speak", "Hello.", "--model", "synthetic", "--seed", "1", "--max-new-tokens", "400",
               "--temperature", "5", "--min-p", "0", "-o", path("a.wav"), "--cfm-steps", "20"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("\r\033[K"));
}

TEST_F(Speak, AnInterruptEndsItWith130AndWithoutAFile) {
  const Outcome outcome =
      run_on_terminal(command({"speak", "Hello there, this takes a while.", "--model", "synthetic",
                               "--seed", "1", "--max-new-tokens", "4096", "--temperature", "5",
                               "--min-p", "0", "--cfm-steps", "100", "-o", path("a.wav")}),
                      "\r\033[K");
  EXPECT_EQ(outcome.exit_code, 130) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("interrupted"));
  EXPECT_FALSE(fs::exists(path("a.wav")));
}

}  // namespace
}  // namespace chatterbox::test
