// The program with a tiny model of made-up weights, from text to files.
#include <algorithm>

#include "checkpoint/safetensors.h"
#include "cli/cli_test.h"
#include "runtime/checkpoint_folder.h"

namespace chatterbox::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

using Speak = CliTest;

TEST_F(Speak, WritesAWavAndIsSilentInAPipe) {
  const Outcome outcome = run(quick("Hello.", {"--seed", "1", "-o", path("a.wav")}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
  const Audio audio = read_audio(path("a.wav"));
  EXPECT_EQ(audio.sample_rate(), 24000);
  EXPECT_EQ(audio.channels(), 1);
  EXPECT_GT(audio.samples().size(), 24000u / 10);
}

TEST_F(Speak, SaysWhatToExpectOfTheDemoModel) {
  const Outcome outcome = run({"speak", "Hello.", "--max-new-tokens", "10", "-o", path("a.wav")});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the demo model is tiny"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
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
              static_cast<double>(read_audio(path("a.wav")).samples().size()) / 24000, 1e-6);
  EXPECT_GT(json.at("rtf"), 0);
  for (const char* stage :
       {"queued", "text", "prefill", "decode", "flow", "vocoder", "watermark", "total"}) {
    EXPECT_GE(json.at("timings").at(stage), 0) << stage;
  }
  EXPECT_GT(json.at("quality").at("peak"), 0);
  EXPECT_GE(json.at("quality").at("clipped_samples"), 0);
  EXPECT_GE(json.at("quality").at("longest_repetition"), 1);
  EXPECT_TRUE(json.at("quality").at("text_coverage").is_null());
  EXPECT_TRUE(json.at("quality").at("interventions").empty());
  EXPECT_FALSE(json.contains("pieces"));
  EXPECT_EQ(json.at("engine").at("model"), synthetic_model());
  EXPECT_EQ(json.at("engine").at("device"), "cpu");
  EXPECT_EQ(json.at("engine").at("sample_rate"), 24000);
  EXPECT_GE(json.at("voice_seconds"), 0);
  EXPECT_GT(json.at("peak_rss_mib"), 10);
}

TEST_F(Speak, ASeedThatWasPickedSpeaksTheSameAgain) {
  ASSERT_EQ(run(quick("Hello.", {"-o", path("a.wav"), "--json", path("a.json")})).exit_code, 0);
  const auto seed = read_json(path("a.json")).at("seed").get<uint64_t>();
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
                            synthetic_model(), "--json", path("m.json")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_GT(read_json(path("m.json")).at("voice_seconds"), 0);
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
  EXPECT_EQ(json.at("voices"), nlohmann::json({"high", "low"}));
  EXPECT_TRUE(json.at("languages").empty());
  EXPECT_EQ(json.at("defaults").at("temperature"), 0.8);
  EXPECT_EQ(json.at("defaults").at("cfm_steps"), 10);
  EXPECT_EQ(json.at("limits").at("max_text_tokens"), json.at("max_text_tokens"));
  EXPECT_GT(json.at("limits").at("cache_bytes"), 0);
  const std::string text = run({"info", "demo"}).out;
  EXPECT_THAT(text, HasSubstr("family: english\n"));
  EXPECT_THAT(text, HasSubstr("t3_kernels: fp32 "));
  EXPECT_THAT(text, HasSubstr("s3gen_kernels: fp32 libtorch\n"));
  EXPECT_THAT(text, HasSubstr("voices: high, low\nlanguages: none\n"));
  EXPECT_THAT(text, HasSubstr("defaults:\n  temperature: 0.8\n"));
}

TEST_F(Speak, WeightsGetIntoMemoryInAnyWay) {
  for (const char* weights : {"mapped", "read"}) {
    const Outcome outcome = run(quick("Hello.", {"--seed", "1", "--weights", weights, "-o",
                                                 path(std::string(weights) + ".wav")}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  EXPECT_TRUE(read_file(path("mapped.wav")) == read_file(path("read.wav")));
  expect_failure(run(quick("Hi.", {"--memory-limit", "1000", "-o", path("a.wav")})), 1,
                 "1000 bytes of memory are too few");
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
  expect_failure(run(quick("Hi.", {"--block-passes", "4", "-o", path("a.wav")})), 2,
                 "block_passes must not be set for a model of the family english, got 4");
  expect_failure(run(quick("Hi.", {"--no-normalise", "-o", path("a.wav")})), 2,
                 "normalise must not be set for a model of the family english, got false");
}

TEST_F(Speak, ADeviceThatIsNone) {
  expect_failure(run(quick("Hi.", {"--device", "tpu", "-o", path("a.wav")})), 2,
                 "device must be cpu, cuda, cuda:N or auto, got tpu");
  // Whatever this machine has, it is not this one.
  const Outcome outcome = run(quick("Hi.", {"--device", "cuda:99", "-o", path("a.wav")}));
  expect_failure(outcome, 1, "");
}

TEST_F(Speak, MoreThreadsThanTheCoresAreGoodForAreCappedWithAWarning) {
  const Outcome outcome = run(quick("Hi.", {"--threads", "1024", "-o", path("a.wav")}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("threads was 1024; "));
}

TEST_F(Speak, AVoiceThatCannotBeReadIsAFailure) {
  write_file(path("cut.wav"), "RIFF\x24");
  write_file(path("none.voice"), "no voice");
  write_file(path("empty.wav"), "");
  for (const char* name : {"cut.wav", "none.voice", "empty.wav", "missing.voice"}) {
    expect_failure(run(quick("Hello.", {"--voice", path(name), "-o", path("a.wav")})), 1, name);
  }
  // Whatever it was meant to be, the error says why it is not.
  const Outcome none = run(quick("Hello.", {"--voice", path("none.voice"), "-o", path("a.wav")}));
  EXPECT_THAT(none.err, HasSubstr("neither a voice nor a recording"));
  EXPECT_THAT(none.err, HasSubstr("neither a saved voice (safetensors) nor a conds.pt"));
  EXPECT_THAT(none.err, HasSubstr("not a WAV, FLAC, Ogg Vorbis, Opus or MP3 file"));
}

TEST_F(Speak, ARecordingThatMakesNoVoiceIsAFailure) {
  write_audio(path("short.wav"), Audio({0.5F}));
  write_audio(path("long.wav"), Audio(std::vector<float>(601 * 8000), 8000));
  write_file(path("text.mp3"), "text");
  const std::pair<const char*, const char*> cases[] = {
      {"short.wav", "got 4.16667e-05 s (1 frames)"},
      {"long.wav", "0.5 to 600 s long, got 601 s"},
      {"text.mp3", "text.mp3: not a WAV, FLAC, Ogg Vorbis, Opus or MP3 file"},
      {"missing.wav", "missing.wav"},
  };
  for (const auto& [name, message] : cases) {
    expect_failure(run({"voice", "make", path(name), "-o", path("a.voice")}), 1, message);
    EXPECT_FALSE(fs::exists(path("a.voice")));
  }
}

// A full disk is noticed wherever the program writes.
TEST_F(Speak, WhatCannotBeWrittenIsAFailure) {
  expect_failure(run(quick("Hi.", {"-o", "/dev/full", "--format", "wav"})), 1, "/dev/full");
  const std::vector<std::string> options = {"-o", "/dev/full", "--format", "wav"};
  expect_failure(run(quick(long_text(), options)), 1, "/dev/full");
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
  const Outcome outcome = run_on_terminal(command(
      {"speak", "Hello.", "--model", synthetic_model(), "--seed", "1", "--max-new-tokens", "400",
       "--temperature", "5", "--min-p", "0", "-o", path("a.wav"), "--cfm-steps", "20"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("\r\033[K"));
}

// With 128 and the number of the signal, as shells say it.
TEST_F(Speak, ASignalEndsItWithItsNumberAndWithoutAFile) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Outcome outcome = run_on_terminal(
        command({"speak", "Hello there, this takes a while.", "--model", synthetic_model(),
                 "--seed", "1", "--max-new-tokens", "4096", "--temperature", "5", "--min-p", "0",
                 "--cfm-steps", "100", "-o", path("a.wav")}),
        "\r\033[K", signal);
    EXPECT_EQ(outcome.exit_code, 128 + signal) << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr("interrupted"));
    EXPECT_FALSE(fs::exists(path("a.wav")));
  }
}

TEST_F(Speak, ALongTextIsInterruptedWhileItIsSplit) {
  std::string text;
  while (text.size() < size_t{15} << 20U) text += "One more sentence of a text without end. ";
  write_file(path("text.txt"), text);
  const Outcome outcome =
      run_on_terminal(command({"speak", "--file", path("text.txt"), "--model", synthetic_model(),
                               "--max-new-tokens", "8", "--cfm-steps", "1", "-o", path("a.wav")}),
                      "pieces");
  EXPECT_EQ(outcome.exit_code, 130) << outcome.out;
}

}  // namespace
}  // namespace chatterbox::test
