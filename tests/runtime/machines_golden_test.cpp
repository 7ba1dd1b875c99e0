// The machines against the reference: a text and a recording in, its tokens and its wave out, for
// every family, without the engine.
#include <gtest/gtest.h>

#include "audio/codec.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/machines.h"
#include "support/collected_tensors.h"
#include "support/golden.h"

namespace chatterbox::runtime {
namespace {

using testing::CheckpointFolder;
using testing::CollectedTensors;
using testing::cpu_options;
using testing::Golden;
using testing::Machines;
using testing::Stage;

Audio recording_of(const Golden& golden, const char* which) {
  const std::string file = golden.option(which).value();
  Audio audio = audio::read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/" + file);
  const std::vector<float> once = audio.samples;
  for (int i = 1; i < std::stoi(golden.option("repeat").value_or("1")); ++i) {
    audio.samples.insert(audio.samples.end(), once.begin(), once.end());
  }
  return audio;
}

std::shared_ptr<const voice::Conditionals> voice_of(Machines& machines, const Golden& golden,
                                                    CollectedTensors& collected) {
  Task task = Machines::voice_task(recording_of(golden, "voice"));
  task.normalise_loudness = golden.option("no_norm_loudness") != "True";
  task.sink = collected.sink();
  return machines.make_voice(task);
}

Task task_of(const Machines& machines, const Golden& golden) {
  const bool by_language = !machines.catalog().info().languages.empty();
  Task task = machines.speech_task(golden.option("text").value(),
                                   by_language ? golden.option("language").value() : "");
  const auto set = [&](const char* option, float& member) {
    if (const auto value = golden.option(option)) member = std::stof(*value);
  };
  set("temperature", task.temperature);
  set("cfg", task.cfg_weight);
  set("exaggeration", task.exaggeration);
  set("min_p", task.min_p);
  set("top_p", task.top_p);
  set("rep", task.repetition_penalty);
  if (const auto value = golden.option("top_k")) task.top_k = std::stoi(*value);
  task.seed = std::stoull(golden.option("seed").value());
  task.max_new_tokens = std::stoi(golden.option("max_tokens").value());
  return task;
}

void expect_same_ids(const CollectedTensors& collected, const Golden& golden) {
  for (const char* name : {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token", "text.ids",
                           "vc.tokens", "s3gen.speech_tokens"}) {
    if (!golden.has(name)) continue;
    EXPECT_TRUE(collected.equal(name, golden.tensor(name))) << name;
  }
}

// The tokens as drawn, the end of speech included; Turbo's package drops it where it comes last.
void expect_tokens(const CollectedTensors& collected, const Golden& golden, bool dropped_end) {
  const at::Tensor drawn = collected.tensor("t3.tokens").flatten();
  const at::Tensor expected = golden.tensor("t3.tokens").flatten();
  ASSERT_EQ(drawn.numel(), expected.numel() + (dropped_end ? 1 : 0));
  EXPECT_TRUE(at::equal(drawn.narrow(0, 0, expected.numel()), expected));
}

// generate() of the package returns all of what its vocoder made, or drops the end.
void expect_wave(const std::vector<float>& wave, const Golden& golden, bool ended) {
  const at::Tensor made = golden.tensor("s3gen.wav").flatten();
  const int64_t samples =
      golden.has("wav_len") && ended ? golden.tensor("wav_len").item<int64_t>() : made.numel();
  ASSERT_EQ(static_cast<int64_t>(wave.size()), samples);
  testing::expect_close(testing::as_tensor(wave), made.narrow(0, 0, samples), Stage::kWave);
}

void expect_equals_reference(Machines& machines, const std::string& name) {
  SCOPED_TRACE(name);
  const Golden golden(name);
  CollectedTensors collected;
  Task task = task_of(machines, golden);
  task.voice = voice_of(machines, golden, collected);
  task.sink = collected.sink();
  const auto utterance = machines.draw(task);
  const std::vector<float> wave = machines.speak(*utterance);
  const bool ended = utterance->stats().finish_reason == FinishReason::kEos;
  const std::string family = machines.catalog().info().family;

  expect_same_ids(collected, golden);
  expect_tokens(collected, golden, family == "turbo" && ended);
  expect_stages(collected, golden);
  // The package's multilingual model cuts where there was no end, too; here that is speech.
  expect_wave(wave, golden, family != "multilingual" || ended);
  EXPECT_EQ(utterance->stats().text_tokens, machines.catalog().text_tokens(task));
  EXPECT_EQ(utterance->stats().speech_tokens, collected.tensor("t3.tokens").numel());
}

TEST(MachinesGolden, English) {
  const CheckpointFolder folder;
  Machines machines(cpu_options(folder.path()));
  for (const char* name :
       {"en_tiny_default", "en_tiny_greedy", "en_tiny_cfg0.2_hot", "en_tiny_long"}) {
    expect_equals_reference(machines, name);
  }
}

TEST(MachinesGolden, Turbo) {
  const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(cpu_options(folder.path()));
  for (const char* name : {"turbo_tiny_default", "turbo_tiny_short", "turbo_tiny_greedy",
                           "turbo_tiny_plain", "turbo_tiny_prompt375"}) {
    expect_equals_reference(machines, name);
  }
}

TEST(MachinesGolden, Multilingual) {
  const CheckpointFolder folder({"t3_mtl23ls_v2", "t3_mtl23ls_v3", "s3gen", "ve"}, "multilingual");
  EngineOptions options = cpu_options(folder.path());
  options.family = Family::kMultilingualV2;
  Machines second(options);
  for (const char* name : {"mtl_tiny_v2_de", "mtl_tiny_v2_zh"}) {
    expect_equals_reference(second, name);
  }
  options.family = Family::kMultilingualV3;
  Machines third(options);
  expect_equals_reference(third, "mtl_tiny_v3_fr");
}

TEST(MachinesGolden, VoiceConversion) {
  const CheckpointFolder folder;
  Machines machines(cpu_options(folder.path()));
  const Golden golden("vc_tiny");
  CollectedTensors collected;
  Task task = machines.conversion_task(recording_of(golden, "source"));
  task.voice = voice_of(machines, golden, collected);
  task.seed = std::stoull(golden.option("seed").value());
  task.sink = collected.sink();
  const auto utterance = machines.draw(task);
  const std::vector<float> wave = machines.speak(*utterance);
  expect_same_ids(collected, golden);
  expect_stages(collected, golden);
  expect_wave(wave, golden, true);
  EXPECT_EQ(utterance->stats().speech_tokens, golden.tensor("vc.tokens").numel());
  EXPECT_EQ(utterance->stats().text_tokens, 0);
}

}  // namespace
}  // namespace chatterbox::runtime
