// Runs T3 in blocks as a golden was made.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>

#include "support/flash_tensors.h"
#include "t3_golden.h"

namespace chatterbox::testing {

// A golden's request. The voice lives here.
struct FlashSequence {
  explicit FlashSequence(const Golden& golden) {
    voice.speaker_emb = values<float>(golden.tensor("voice.speaker_emb"));
    voice.prompt_tokens = values<int64_t>(golden.tensor("voice.cond_prompt_speech_tokens"));
    options.text_ids = values<int64_t>(golden.tensor("text.ids"));
    options.voice = &voice;
    options.exaggeration = std::stof(golden.meta("exaggeration"));
    options.sampling = {std::stof(golden.meta("temperature")), std::stof(golden.meta("cfg")), 0};
    options.blocks.size = std::stoll(golden.meta("block_size"));
    options.blocks.passes = std::stoll(golden.meta("steps"));
    options.blocks.early_decoding = std::stod(golden.meta("tau"));
    options.blocks.schedule_shift = std::stod(golden.meta("t_shift"));
    options.blocks.position_noise = std::stod(golden.meta("position_temperature")) > 0;
    options.blocks.prior = golden.meta("prior") == "True";
    options.blocks.fill_before_end = false;  // as the package
    options.max_new_tokens = golden.tensor("t3.budget").item<int64_t>();
    options.seed = std::stoull(golden.meta("seed"));
  }
  FlashSequence(const FlashSequence&) = delete;
  FlashSequence& operator=(const FlashSequence&) = delete;

  voice::Conditionals voice;
  t3::SequenceOptions options;
};

inline void expect_equals_flash(const std::shared_ptr<const t3::Model>& model,
                                const std::string& name) {
  SCOPED_TRACE(name);
  const c10::InferenceMode inference_mode;
  const Golden golden(name);
  const FlashSequence sequence(golden);
  CollectedTensors collected;
  t3::Decoder decoder(model, 2, 800);
  const int64_t id = decoder.start(sequence.options, collected.sink());
  while (!decoder.finished(id)) decoder.step();
  const t3::Generation& generation = decoder.generation(id);
  EXPECT_EQ(generation.tokens, values<int64_t>(golden.tensor("t3.tokens")));
  const bool ended =
      static_cast<int64_t>(generation.tokens.size()) < sequence.options.max_new_tokens;
  EXPECT_EQ(generation.finish, ended ? t3::Finish::kEos : t3::Finish::kMaxTokens);
  EXPECT_EQ(generation.decode_steps, flash_forwards(golden));
  expect_flash_tensors(collected, golden);
}

}  // namespace chatterbox::testing
