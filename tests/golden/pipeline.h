// The whole run against the reference: a text and a recording in, the reference's own tokens and
// wave out, through the public C++ API. Every stage is compared on the way, so that a failure names
// its own.
#pragma once

#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/collected_tensors.h"
#include "support/flash_tensors.h"
#include "support/golden.h"
#include "support/synthetic_folder.h"
#include "support/test_device.h"
#include "support/wave.h"

namespace chatterbox {

// The recording, as often in a row as the golden's options say.
inline Audio recording_of(const testing::Golden& golden, const char* which = "voice") {
  const Audio once =
      read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/" + golden.option(which).value());
  std::vector<float> samples;
  for (int i = 0; i < std::stoi(golden.option("repeat").value_or("1")); ++i) {
    samples.insert(samples.end(), once.samples().begin(), once.samples().end());
  }
  return Audio(std::move(samples), once.sample_rate(), once.channels());
}

// The beginning of a mono recording.
inline Audio cut(const Audio& recording, double seconds) {
  std::vector<float> samples = testing::wave_of(recording);
  samples.resize(static_cast<size_t>(seconds * recording.sample_rate()));
  return Audio(std::move(samples), recording.sample_rate());
}

using testing::wave_of;

// What the golden does not say stays unset, and is the family's default.
inline Request request_of(const testing::Golden& golden) {
  Request request;
  const auto set = [&](const char* option, std::optional<float>& member) {
    if (const auto value = golden.option(option)) member = std::stof(*value);
  };
  request.text = golden.option("text").value();
  request.seed = std::stoull(golden.option("seed").value());
  set("temperature", request.temperature);
  set("cfg", request.cfg_weight);
  set("exaggeration", request.exaggeration);
  set("min_p", request.min_p);
  set("top_p", request.top_p);
  set("rep", request.repetition_penalty);
  if (const auto value = golden.option("top_k")) request.top_k = std::stoi(*value);
  if (const auto value = golden.option("max_tokens")) request.max_new_tokens = std::stoi(*value);
  return request;
}

// The options of a golden of Flash.
inline Request flash_request_of(const testing::Golden& golden) {
  Request request = request_of(golden);
  request.cfm_steps = std::stoi(golden.meta("cfm_steps"));
  request.block_size = std::stoi(golden.meta("block_size"));
  request.block_passes = std::stoi(golden.meta("steps"));
  request.early_decoding = std::stod(golden.meta("tau"));
  request.schedule_shift = std::stod(golden.meta("t_shift"));
  request.position_noise = std::stod(golden.meta("position_temperature")) > 0;
  request.prior = golden.meta("prior") == "True";
  request.normalise = golden.meta("normalize") == "True";
  request.fill_before_end = false;  // as the package
  return request;
}

inline Voice voice_of(const ChatterboxEngine& engine, const testing::Golden& golden,
                      testing::CollectedTensors& collected) {
  VoiceOptions options;
  options.normalise_loudness = golden.option("no_norm_loudness") != "True";
  options.on_tensor = collected.sink();
  return engine.make_voice(recording_of(golden), options);
}

// Those of `tensors` that the golden has.
inline void expect_same_ids(const testing::CollectedTensors& collected,
                            const testing::Golden& golden,
                            std::initializer_list<const char*> tensors) {
  for (const char* tensor : tensors) {
    if (golden.has(tensor)) {
      EXPECT_TRUE(collected.equal(tensor, golden.tensor(tensor))) << tensor;
    }
  }
}

inline void expect_equals_reference(const ChatterboxEngine& engine, const std::string& name) {
  SCOPED_TRACE(name);
  const testing::Golden golden(name);
  testing::CollectedTensors collected;
  Request request = request_of(golden);
  request.voice = voice_of(engine, golden, collected);
  request.on_tensor = collected.sink();
  const Result result = engine.generate(request);

  expect_same_ids(collected, golden,
                  {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token", "text.ids",
                   "t3.tokens", "s3gen.speech_tokens"});
  expect_stages(collected, golden);
  const ResultStats stats = result.stats();
  EXPECT_EQ(result.sample_rate(), 24000);
  EXPECT_EQ(result.samples().size(), static_cast<size_t>(golden.tensor("s3gen.wav").numel()));
  EXPECT_EQ(stats.seed, *request.seed);
  EXPECT_EQ(stats.speech_tokens, golden.tensor("t3.tokens").numel());
  EXPECT_EQ(result.finish_reason(), stats.speech_tokens < *request.max_new_tokens
                                        ? FinishReason::kEos
                                        : FinishReason::kMaxTokens);
}

// The same for Flash, and its passes.
inline void expect_flash_equals_reference(const ChatterboxEngine& engine, const std::string& name) {
  SCOPED_TRACE(name);
  const testing::Golden golden(name);
  testing::CollectedTensors collected;
  Request request = flash_request_of(golden);
  request.voice = voice_of(engine, golden, collected);
  request.on_tensor = collected.sink();
  const auto budget = golden.tensor("t3.budget").item<int64_t>();
  int64_t progress = 0;
  request.on_progress = [&](const Progress& now) {
    if (now.stage != Stage::kDecode) return;
    EXPECT_GE(now.done, progress);
    EXPECT_EQ(now.total, budget);
    progress = now.done;
  };
  const Result result = engine.generate(request);
  EXPECT_EQ(progress, at::sum(golden.tensor("flash.info").select(1, 5)).item<int64_t>());
  testing::expect_flash_tensors(collected, golden);
  expect_same_ids(collected, golden,
                  {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token", "t3.tokens",
                   "s3gen.speech_tokens"});
  expect_stages(collected, golden);
  const ResultStats stats = result.stats();
  EXPECT_EQ(stats.speech_tokens, golden.tensor("t3.tokens").numel());
  EXPECT_EQ(stats.decode_steps, testing::flash_forwards(golden));
  EXPECT_EQ(result.finish_reason(),
            stats.speech_tokens < budget ? FinishReason::kEos : FinishReason::kMaxTokens);
  testing::expect_close(testing::as_tensor(wave_of(result)), golden.tensor("s3gen.wav").flatten(),
                        testing::Stage::kWave);
}

// On a CPU, unless the tests run on a GPU.
inline EngineOptions cpu_fp32(const std::string& model) {
  EngineOptions options;
  options.model = model;
  options.device = testing::test_device();
  options.precision = Precision::kFp32;
  options.threads = 2;
  options.watermark = Watermark::kOff;
  return options;
}

}  // namespace chatterbox
