// The machines against the reference: a text and a recording in, its tokens and its wave out.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "audio/codec.h"
#include "runtime/checkpoint_folder.h"
#include "runtime/machines.h"
#include "support/collected_tensors.h"
#include "support/golden.h"

namespace chatterbox::testing {

inline Audio recording_of(const Golden& golden, const char* which) {
  const std::string file = golden.option(which).value();
  Audio audio = audio::read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/" + file);
  const std::vector<float> once = audio.samples;
  for (int i = 1; i < std::stoi(golden.option("repeat").value_or("1")); ++i) {
    audio.samples.insert(audio.samples.end(), once.begin(), once.end());
  }
  return audio;
}

inline std::shared_ptr<const voice::Conditionals> voice_of(Machines& machines, const Golden& golden,
                                                           CollectedTensors& collected) {
  runtime::Task task = Machines::voice_task(recording_of(golden, "voice"));
  task.normalise_loudness = golden.option("no_norm_loudness") != "True";
  task.sink = collected.sink();
  return machines.make_voice(task);
}

inline runtime::Task task_of(const Machines& machines, const Golden& golden) {
  const bool by_language = !machines.catalog().info().languages.empty();
  runtime::Task task = machines.speech_task(golden.option("text").value(),
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

inline void expect_same_ids(const CollectedTensors& collected, const Golden& golden) {
  for (const char* name : {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token", "text.ids",
                           "vc.tokens", "s3gen.speech_tokens"}) {
    if (!golden.has(name)) continue;
    EXPECT_TRUE(collected.equal(name, golden.tensor(name))) << name;
  }
}

// The tokens as drawn, the end of speech included; Turbo's package drops it where it comes last.
inline void expect_tokens(const CollectedTensors& collected, const Golden& golden,
                          bool dropped_end) {
  const at::Tensor drawn = collected.tensor("t3.tokens").flatten();
  const at::Tensor expected = golden.tensor("t3.tokens").flatten();
  ASSERT_EQ(drawn.numel(), expected.numel() + (dropped_end ? 1 : 0));
  EXPECT_TRUE(at::equal(drawn.narrow(0, 0, expected.numel()), expected));
}

// generate() of the package returns all of what its vocoder made, or drops the end.
inline void expect_wave(const std::vector<float>& wave, const Golden& golden, bool ended) {
  const at::Tensor made = golden.tensor("s3gen.wav").flatten();
  const int64_t samples =
      golden.has("wav_len") && ended ? golden.tensor("wav_len").item<int64_t>() : made.numel();
  ASSERT_EQ(static_cast<int64_t>(wave.size()), samples);
  testing::expect_close(testing::as_tensor(wave), made.narrow(0, 0, samples), Stage::kWave);
}

inline void expect_equals_reference(Machines& machines, const std::string& name) {
  SCOPED_TRACE(name);
  const Golden golden(name);
  CollectedTensors collected;
  runtime::Task task = task_of(machines, golden);
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

// Of a voice conversion.
inline void expect_conversion_equals_reference(Machines& machines, const std::string& name) {
  const Golden golden(name);
  CollectedTensors collected;
  runtime::Task task = machines.conversion_task(recording_of(golden, "source"));
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

}  // namespace chatterbox::testing
