// What the command line does beyond one English request: long texts, conversions, the watermark,
// and the models of the rest of the family.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chatterbox/chatterbox.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "engine/checkpoint_folder.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const char* const kRecording = CHATTERBOX_TEST_DATA "/data/espeak_m3.wav";

Outcome run(std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), CHATTERBOX_CLI);
  return run_program(arguments, input);
}

std::vector<std::string> quick(std::vector<std::string> arguments) {
  for (const char* option : {"--max-new-tokens", "12", "--cfm-steps", "1", "--seed", "4"}) {
    arguments.emplace_back(option);
  }
  return arguments;
}

class CliFamily : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

 private:
  testing::TemporaryFolder folder_;
};

std::string long_text() {
  std::string text;
  for (int i = 0; i < 6; ++i) {
    text += "This is one of several sentences that together are longer than a request may be. ";
  }
  return text + "[pause:300ms] And one behind a pause.";
}

TEST_F(CliFamily, LanguagesAreListedWithoutAModel) {
  const Outcome outcome = run({"speak", "--list-languages", "--model", "/nowhere"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 23);
  EXPECT_THAT(outcome.out, StartsWith("ar  Arabic\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\nfr  French\n"));
}

TEST_F(CliFamily, ALongTextIsWrittenAsItGoes) {
  write("text.txt", long_text());
  const Outcome outcome =
      run(quick({"speak", "-f", path("text.txt"), "-o", path("a.wav"), "--json", path("a.json")}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Audio audio = read_wav(path("a.wav"));
  std::ifstream file(path("a.json"));
  const auto json = nlohmann::json::parse(file);
  EXPECT_NEAR(json.at("audio_seconds").get<double>(),
              static_cast<double>(audio.samples.size()) / 24000, 1e-6);
  EXPECT_GT(json.at("text_tokens"), 100);
  EXPECT_GT(audio.samples.size(), 24000U);

  // The same bytes of samples in a pipe, behind a header that tells no size.
  const Outcome piped = run(quick({"speak", "-", "-o", "-"}), long_text());
  ASSERT_EQ(piped.exit_code, 0) << piped.err;
  EXPECT_EQ(piped.out.substr(0, 8), "RIFF\xff\xff\xff\xff");
  std::ifstream wav(path("a.wav"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(wav), {}};
  ASSERT_EQ(piped.out.size(), bytes.size());
  EXPECT_TRUE(piped.out.substr(44) == bytes.substr(44));
  // So is a pipe that has a name.
  const Outcome named = run(quick({"speak", "-", "-o", "/dev/stdout"}), long_text());
  ASSERT_EQ(named.exit_code, 0) << named.err;
  EXPECT_TRUE(named.out == piped.out);
}

TEST_F(CliFamily, PausesAreKnownInAnyCase) {
  const auto size_of = [&](const std::string& text) {
    const Outcome outcome = run(quick({"speak", text, "-o", path("a.wav")}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_wav(path("a.wav")).samples.size();
  };
  EXPECT_EQ(size_of("One.[Pause:1S]Two."), size_of("One.[pause:500ms]Two.") + 12000);
}

TEST_F(CliFamily, WhatWasThereStaysUntilThereAreSamples) {
  write("a.wav", "what was there");
  const Outcome outcome =
      run(quick({"speak", "-", "-o", path("a.wav"), "--language", "fr"}), long_text());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("language"));
  std::ifstream file(path("a.wav"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(bytes, "what was there");
}

TEST_F(CliFamily, TextOrFile) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"speak"}, {"speak", "Hello.", "-f", path("text.txt")}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("speak takes a TEXT or a --file, and not both"));
  }
  const Outcome outcome = run({"speak", "-f", path("none.txt")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("none.txt"));
}

TEST_F(CliFamily, ASavedVoiceSpeaksTheSame) {
  ASSERT_EQ(run(quick({"speak", "Hello.", "--voice", kRecording, "--save-voice", path("m3.voice"),
                       "-o", path("a.wav")}))
                .exit_code,
            0);
  ASSERT_EQ(
      run(quick({"speak", "Hello.", "--voice", path("m3.voice"), "-o", path("b.wav")})).exit_code,
      0);
  EXPECT_EQ(read_wav(path("a.wav")).samples, read_wav(path("b.wav")).samples);
}

TEST_F(CliFamily, Converts) {
  const Outcome outcome =
      run({"convert", kRecording, "-o", path("a.wav"), "--cfm-steps", "1", "--seed", "3", "--json",
           path("a.json"), "--dump", path("a.safetensors")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::ifstream file(path("a.json"));
  const auto json = nlohmann::json::parse(file);
  EXPECT_GT(json.at("speech_tokens"), 200);  // 10.6 s
  EXPECT_EQ(json.at("text_tokens"), 0);
  EXPECT_EQ(json.at("seed"), 3);
  EXPECT_EQ(read_wav(path("a.wav")).samples.size(), json.at("speech_tokens").get<size_t>() * 960);
  EXPECT_TRUE(std::filesystem::exists(path("a.safetensors")));
  const Outcome missing = run({"convert", path("none.wav")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("none.wav"));
}

TEST_F(CliFamily, TheWatermarkIsFoundWhereItIsAndNotWhereItIsNot) {
  const Outcome unmarked = run({"watermark", kRecording});
  if (unmarked.exit_code != 0) {
    EXPECT_THAT(unmarked.err, HasSubstr("perth_implicit.safetensors"));
    GTEST_SKIP() << "the watermark's weights are not installed";
  }
  EXPECT_THAT(unmarked.out, StartsWith("not watermarked"));
  const auto speak = [&](const char* watermark) {
    const Outcome outcome =
        run({"speak", "Hello.", "--seed", "1", "--cfm-steps", "1", "--max-new-tokens", "60",
             "--watermark", watermark, "-o", path("a.wav")});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const Outcome found = run({"watermark", path("a.wav"), "--json", "-"});
    EXPECT_EQ(found.exit_code, 0) << found.err;
    return nlohmann::json::parse(found.out).at("watermarked").get<bool>();
  };
  EXPECT_TRUE(speak("on"));
  EXPECT_TRUE(speak("auto"));
  EXPECT_FALSE(speak("off"));
}

TEST_F(CliFamily, TurboSpeaksWithItsOwnDefaults) {
  const testing::CheckpointFolder turbo({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  const Outcome info = run({"info", turbo.path(), "--json", "-"});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  EXPECT_EQ(nlohmann::json::parse(info.out).at("family"), "turbo");
  const Outcome outcome = run({"speak", "Oh [laugh] no.", "-m", turbo.path(), "--voice", kRecording,
                               "--seed", "1", "-o", path("a.wav")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GT(read_wav(path("a.wav")).samples.size(), 960U);
  write("short.jsonl", std::string(R"({"id": "x", "text": "Hi.", "language": "fr", "voice": ")") +
                           kRecording + "\"}");
  const Outcome refused = run({"batch", path("short.jsonl"), "-m", turbo.path(), "-o", path("")});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("language"));
}

TEST_F(CliFamily, AFolderOfTwoFamiliesAsksWhichOne) {
  const testing::CheckpointFolder both({"t3_cfg", "t3_mtl23ls_v2", "s3gen", "ve"}, "multilingual");
  Outcome outcome = run({"info", both.path()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("t3_cfg.safetensors (english)"));
  EXPECT_THAT(outcome.err, HasSubstr("t3_mtl23ls_v2.safetensors (multilingual)"));
  outcome = run({"info", both.path(), "--family", "multilingual", "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("languages").size(), 23U);
  outcome = run(quick({"speak", "Bonjour.", "-m", both.path(), "--family", "multilingual",
                       "--language", "fr", "--voice", kRecording, "-o", path("a.wav")}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  outcome = run({"info", both.path(), "--family", "english"});
  EXPECT_EQ(outcome.exit_code, 1);  // no tokenizer.json
  EXPECT_THAT(outcome.err, HasSubstr("missing tokenizer.json"));
  outcome = run({"info", both.path(), "--family", "german"});
  EXPECT_EQ(outcome.exit_code, 2);
}

}  // namespace
}  // namespace chatterbox::test
