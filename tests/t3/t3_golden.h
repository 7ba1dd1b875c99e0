// Runs T3 as a golden was made: its text ids, its voice, its options.
#pragma once

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/collected_tensors.h"
#include "support/golden.h"
#include "support/synthetic/synthetic.h"
#include "support/tensors.h"
#include "t3/t3.h"

namespace chatterbox::testing {

constexpr int64_t kEndOfSpeech = 6562;

// A golden's request. The voice lives here.
struct GoldenSequence {
  explicit GoldenSequence(const Golden& golden) {
    voice.speaker_emb = values<float>(golden.tensor("voice.speaker_emb"));
    voice.prompt_tokens = values<int64_t>(golden.tensor("voice.cond_prompt_speech_tokens"));
    options.text_ids = values<int64_t>(golden.tensor("text.ids"));
    options.voice = &voice;
    if (golden.tensor("t3.logits0").size(0) == 1) be_turbo(golden);  // the family without guidance
    read(golden, "exaggeration", options.exaggeration);
    read(golden, "temperature", options.sampling.temperature);
    read(golden, "cfg", options.sampling.cfg_weight);
    read(golden, "min_p", options.sampling.min_p);
    read(golden, "top_p", options.sampling.top_p);
    read(golden, "rep", options.sampling.repetition_penalty);
    options.max_new_tokens = std::stoi(golden.meta("max_tokens"));
    options.seed = std::stoull(golden.meta("seed"));
  }
  GoldenSequence(const GoldenSequence&) = delete;
  GoldenSequence& operator=(const GoldenSequence&) = delete;

  voice::Conditionals voice;
  t3::SequenceOptions options;

 private:
  // The defaults of generate() in tts_turbo.py.
  void be_turbo(const Golden& golden) {
    options.sampling = {0.8F, 0, 0, 0.95F, 1.2F, 1000};
    if (const std::string text = golden.meta("top_k"); text != "None") {
      options.sampling.top_k = std::stoll(text);
    }
  }
  // "None": the golden was made with the default.
  static void read(const Golden& golden, const char* key, float& option) {
    if (const std::string text = golden.meta(key); text != "None") option = std::stof(text);
  }
};

inline std::shared_ptr<const t3::Model> load_t3(
    const std::shared_ptr<const checkpoint::TensorFile>& file, c10::ScalarType type = c10::kFloat) {
  const nn::WeightReader reader(file, {c10::kCPU, type});
  std::shared_ptr<const t3::Model> model = t3::load_model(reader);
  reader.finish();
  return model;
}

// The synthetic checkpoint's T3 of this name.
inline std::shared_ptr<const checkpoint::TensorFile> tiny_file(const std::string& name) {
  return testing::make_synthetic(name, testing::SyntheticSize::kTiny);
}

inline std::shared_ptr<const t3::Model> load_tiny(const std::string& name) {
  return load_t3(tiny_file(name));
}

inline void expect_equals_reference(const std::shared_ptr<const t3::Model>& model,
                                    const std::string& name) {
  SCOPED_TRACE(name);
  const c10::InferenceMode inference_mode;
  const Golden golden(name);
  const GoldenSequence sequence(golden);
  CollectedTensors collected;
  t3::Decoder decoder(model, 2, 1500);
  const int64_t id = decoder.start(sequence.options, collected.sink());
  while (!decoder.finished(id)) decoder.step();

  EXPECT_TRUE(collected.equal("text.ids", golden.tensor("text.ids")));
  for (const char* logits : {"t3.logits0", "t3.logits1", "t3.logits2"}) {
    // Without guidance, the reference's multilingual model runs a second row for nothing.
    const int64_t rows = sequence.options.sampling.cfg_weight != 0 ? 2 : 1;
    expect_close(collected.tensor(logits), golden.tensor(logits).narrow(0, 0, rows),
                 Stage::kLogits);
  }
  const t3::Generation& generation = decoder.generation(id);
  std::vector<int64_t> expected = values<int64_t>(golden.tensor("t3.tokens"));
  const t3::Limits limits = t3::limits(*model);
  const int64_t most = sequence.options.max_new_tokens + limits.uncounted_tokens();
  // Turbo's tokens come without the end of speech that was drawn last.
  if (!limits.guided() && static_cast<int64_t>(expected.size()) < most) {
    expected.push_back(kEndOfSpeech);
  }
  EXPECT_EQ(generation.tokens, expected);
  const bool ended = expected.back() == kEndOfSpeech;
  EXPECT_EQ(generation.finish, ended ? t3::Finish::kEos : t3::Finish::kMaxTokens);
  // No pass after the last drawn token.
  EXPECT_EQ(generation.decode_steps, static_cast<int64_t>(expected.size()) - 1);
}

}  // namespace chatterbox::testing
