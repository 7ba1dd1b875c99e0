// The whole run against the reference: a text and a recording in, the reference's own tokens and
// wave out, through the public C++ API. Every stage is compared on the way, so that a failure names
// its own.
#pragma once

#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>
#include <map>
#include <string>

#include "support/collected_tensors.h"
#include "support/golden.h"

namespace chatterbox {

inline std::string voice_path(const testing::Golden& golden) {
  return std::string(CHATTERBOX_TEST_DATA) + "/data/" + golden.meta("voice");
}

inline Request request_of(const testing::Golden& golden) {
  Request request;
  request.text = golden.meta("text");
  request.seed = std::stoull(golden.meta("seed"));
  request.temperature = std::stof(golden.meta("temperature"));
  request.cfg_weight = std::stof(golden.meta("cfg"));
  request.exaggeration = std::stof(golden.meta("exaggeration"));
  request.min_p = std::stof(golden.meta("min_p"));
  request.top_p = std::stof(golden.meta("top_p"));
  request.repetition_penalty = std::stof(golden.meta("rep"));
  request.max_new_tokens = std::stoi(golden.meta("max_tokens"));
  return request;
}

inline void expect_equals_reference(const ChatterboxEngine& engine, const std::string& name) {
  SCOPED_TRACE(name);
  const testing::Golden golden(name);
  testing::CollectedTensors collected;
  Request request = request_of(golden);
  request.voice = engine.make_voice(read_wav(voice_path(golden)), collected.sink());
  request.on_tensor = collected.sink();
  const Result result = engine.generate(request);

  for (const char* tensor : {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token",
                             "text.ids", "t3.tokens", "s3gen.speech_tokens"}) {
    EXPECT_TRUE(collected.equal(tensor, golden.tensor(tensor))) << tensor;
  }
  using testing::Stage;
  const std::map<std::string, Stage> stages = {{"voice.speaker_emb", Stage::kSpeakerEmbedding},
                                               {"voice.gen.embedding", Stage::kXVector},
                                               {"voice.gen.prompt_feat", Stage::kPromptMel},
                                               {"t3.logits0", Stage::kLogits},
                                               {"t3.logits1", Stage::kLogits},
                                               {"t3.logits2", Stage::kLogits},
                                               {"s3gen.mu", Stage::kMu},
                                               {"s3gen.mel", Stage::kMel},
                                               {"s3gen.f0", Stage::kF0},
                                               {"s3gen.source", Stage::kSource},
                                               {"s3gen.wav", Stage::kWave}};
  for (const auto& [tensor, stage] : stages) {
    testing::expect_close(collected.tensor(tensor), golden.tensor(tensor), stage);
  }
  EXPECT_EQ(result.audio.sample_rate, 24000);
  EXPECT_EQ(result.audio.samples.size(), static_cast<size_t>(golden.tensor("s3gen.wav").numel()));
  EXPECT_EQ(result.seed, *request.seed);
  EXPECT_EQ(result.speech_tokens, golden.tensor("t3.tokens").numel());
  EXPECT_EQ(result.finish_reason, result.speech_tokens < request.max_new_tokens
                                      ? FinishReason::kEos
                                      : FinishReason::kMaxTokens);
}

inline EngineOptions cpu_fp32(const std::string& model) {
  EngineOptions options;
  options.model = model;
  options.device = "cpu";
  options.precision = Precision::kFp32;
  options.threads = 2;
  return options;
}

}  // namespace chatterbox
