// What the command line does beyond one English request: conversions, the watermark, and the models
// of the rest of the family.
#include <algorithm>

#include "cli/cli_test.h"
#include "runtime/checkpoint_folder.h"

namespace chatterbox::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using CliFamily = CliTest;

TEST_F(CliFamily, LanguagesAreListedWithoutAModel) {
  const Outcome outcome = run({"speak", "--list-languages", "--model", "/nowhere"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 23);
  EXPECT_THAT(outcome.out, StartsWith("ar  Arabic\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\nfr  French\n"));
}

TEST_F(CliFamily, Converts) {
  const Outcome outcome =
      run({"convert", kRecording, "-m", synthetic_model(), "-o", path("a.wav"), "--cfm-steps", "1",
           "--seed", "3", "--json", path("a.json"), "--dump", path("a.safetensors")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto json = read_json(path("a.json"));
  EXPECT_GT(json.at("speech_tokens"), 200);  // 10.6 s
  EXPECT_EQ(json.at("text_tokens"), 0);
  EXPECT_EQ(json.at("seed"), 3);
  EXPECT_EQ(read_audio(path("a.wav")).samples().size(),
            json.at("speech_tokens").get<size_t>() * 960);
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

TEST_F(CliFamily, AnotherS3GenBringsItsSteps) {
  const testing::CheckpointFolder turbo({"s3gen_meanflow"});
  const std::string file = turbo.file("s3gen_meanflow.safetensors");
  const Outcome info = run({"info", synthetic_model(), "--s3gen", file, "--json", "-"});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  const auto json = nlohmann::json::parse(info.out);
  EXPECT_EQ(json.at("family"), "english");
  EXPECT_EQ(json.at("meanflow"), true);
  EXPECT_EQ(json.at("defaults").at("cfm_steps"), 2);
  const Outcome guided = run({"speak", "Hi.", "-m", synthetic_model(), "--s3gen", file,
                              "--cfg-steps", "1", "-o", path("a.wav")});
  EXPECT_EQ(guided.exit_code, 2);
  EXPECT_THAT(guided.err, HasSubstr("cfg_steps must not be set"));
}

TEST_F(CliFamily, GuidanceAndPromptMayBeShorter) {
  const auto speak = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"speak", "Hi.", "-m", synthetic_model(), "--voice", kRecording,
                                     "--seed", "1", "--cfm-steps", "2", "--max-new-tokens", "4",
                                     "-o", path("a.wav"), "--save-voice", path("a.voice")});
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const Audio audio = read_audio(path("a.wav"));
    return std::vector<float>(audio.samples().begin(), audio.samples().end());
  };
  const std::vector<float> spoken = speak({});
  EXPECT_EQ(speak({"--cfg-steps", "2"}), spoken);
  EXPECT_NE(speak({"--cfg-steps", "1"}), spoken);
  EXPECT_EQ(Voice::load(path("a.voice")).info().mel_frames, 500);
  EXPECT_NE(speak({"--prompt-seconds", "3"}), spoken);
  EXPECT_EQ(Voice::load(path("a.voice")).info().mel_frames, 150);
  const Outcome wrong = run({"voice", "make", kRecording, "--prompt-seconds", "11"});
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.err, HasSubstr("--prompt-seconds"));
}

// What the command line does not say is the family's own.
TEST_F(CliFamily, TurboSpeaksWithItsOwnDefaults) {
  const testing::CheckpointFolder turbo({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  const Outcome info = run({"info", turbo.path(), "--json", "-"});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  const auto defaults = nlohmann::json::parse(info.out).at("defaults");
  EXPECT_EQ(defaults.at("cfm_steps"), 2);
  EXPECT_EQ(defaults.at("top_k"), 1000);
  EXPECT_EQ(defaults.at("top_p"), 0.95);
  const auto speak = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"speak", "Oh [laugh] no.", "-m", turbo.path(), "--voice",
                                     kRecording, "--seed", "1", "-o", path("a.wav")});
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return wave_of(read_audio(path("a.wav")));
  };
  const std::vector<float> spoken = speak({});
  EXPECT_GT(spoken.size(), 960U);
  EXPECT_EQ(speak({"--cfm-steps", "2", "--top-k", "1000", "--top-p", "0.95", "--temperature", "0.8",
                   "--repetition-penalty", "1.2"}),
            spoken);
  EXPECT_NE(speak({"--cfm-steps", "10"}), spoken);
}

TEST_F(CliFamily, FlashSpeaksAndDumpsItsPasses) {
  const testing::FlashFolder flash;
  const auto speak = [&](std::vector<std::string> options) {
    options.insert(options.begin(),
                   {"speak", "It is 10:45.", "-m", flash.path(), "--voice", kRecording, "--seed",
                    "1", "--max-new-tokens", "20", "-o", path("a.wav"), "--dump", path("a.st")});
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return wave_of(read_audio(path("a.wav")));
  };
  const std::vector<float> spoken = speak({});
  EXPECT_GT(spoken.size(), 960U);
  const auto dump = checkpoint::open_safetensors(path("a.st"));
  for (const char* tensor : {"t3.tokens", "t3.prior", "flash.pmi", "flash.state", "s3gen.wav"}) {
    EXPECT_NE(dump->find(tensor), nullptr) << tensor;
  }
  EXPECT_EQ(speak({"--block-size", "16", "--block-passes", "10", "--early-decoding", "0.1",
                   "--schedule-shift", "0.5", "--position-noise", "--prior", "--normalise",
                   "--temperature", "0.6", "--cfg-weight", "1"}),
            spoken);
  for (const char* option : {"--no-position-noise", "--no-prior", "--no-normalise"}) {
    EXPECT_NE(speak({option}), spoken) << option;
  }
  EXPECT_NE(speak({"--block-passes", "3"}), spoken);
}

TEST_F(CliFamily, AQuantisedFolderSpeaksAsInt8) {
  const std::string int8 = path("int8");
  const Outcome made = run({"quantise", synthetic_model(), "-o", int8});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(made.out + made.err, "");
  EXPECT_THAT(run({"info", int8}).out, HasSubstr("quantised: true\n"));
  EXPECT_THAT(run({"info", synthetic_model()}).out, HasSubstr("quantised: false\n"));
  const auto speak = [&](const std::string& model, std::vector<std::string> options) {
    options.insert(options.end(), {"--model", model, "--seed", "1", "-o", path("a.wav")});
    const Outcome outcome = run(quick("Hello.", options));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return wave_of(read_audio(path("a.wav")));
  };
  EXPECT_EQ(speak(int8, {}), speak(synthetic_model(), {"--precision", "int8"}));
  expect_failure(run(quick("Hello.", {"--model", int8, "--precision", "fp32"})), 1, "holds int8");
  expect_failure(run({"quantise", synthetic_model(), "-o", int8}), 1, "exists, and is not empty");
  expect_failure(run({"quantise", int8, "-o", path("again")}), 2, "holds int8 already");
}

TEST_F(CliFamily, ALanguageThatTheModelDoesNotAskForIsRefused) {
  write_file(path("one.jsonl"), R"({"id": "x", "text": "Hi.", "language": "fr"})");
  const Outcome refused =
      run({"batch", path("one.jsonl"), "-m", synthetic_model(), "-o", path("out")});
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
  outcome = run(quick("Bonjour.", {"--model", both.path(), "--family", "multilingual", "--language",
                                   "fr", "--voice", kRecording, "-o", path("a.wav")}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  outcome = run({"info", both.path(), "--family", "english"});
  EXPECT_EQ(outcome.exit_code, 1);  // no tokenizer.json
  EXPECT_THAT(outcome.err, HasSubstr("missing tokenizer.json"));
  outcome = run({"info", both.path(), "--family", "german"});
  EXPECT_EQ(outcome.exit_code, 2);
}

}  // namespace
}  // namespace chatterbox::test
