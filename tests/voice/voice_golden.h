// A voice made from a recording, against the reference's.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "audio/codec.h"
#include "support/collected_tensors.h"
#include "support/golden.h"
#include "voice/voice_maker.h"

namespace chatterbox::testing {

inline Audio recording(const std::string& file) {
  return audio::read_audio(std::string(CHATTERBOX_TEST_DATA) + "/data/" + file);
}

// The samples `times` times in a row.
inline Audio repeated(const Audio& once, int times) {
  Audio audio = once;
  for (int i = 1; i < times; ++i) {
    audio.samples.insert(audio.samples.end(), once.samples.begin(), once.samples.end());
  }
  return audio;
}

// `prefix` stands before the golden's names. The voice and what the sink was given must both agree.
inline void expect_voice(const voice::VoiceMaker& maker, const Audio& audio, const Golden& golden,
                         const std::string& prefix = "",
                         const voice::VoiceRecipe& recipe = voice::kEnglishRecipe) {
  CollectedTensors dumped;
  const voice::Conditionals made = voice::make_voice(maker, audio, recipe, dumped.sink());
  const auto expected = [&](const char* name) { return golden.tensor(prefix + name); };

  for (const char* name : {"voice.cond_prompt_speech_tokens", "voice.gen.prompt_token"}) {
    ASSERT_EQ(dumped.tensor(name).sizes(), expected(name).sizes()) << name;
    EXPECT_TRUE(at::equal(dumped.tensor(name), expected(name))) << name;
  }
  EXPECT_EQ(dumped.tensor("voice.gen.prompt_token_len").item<int64_t>(),
            expected("voice.gen.prompt_token").size(1));
  ASSERT_EQ(dumped.tensor("voice.gen.prompt_feat").sizes(),
            expected("voice.gen.prompt_feat").sizes());
  expect_close(dumped.tensor("voice.speaker_emb"), expected("voice.speaker_emb"),
               Stage::kSpeakerEmbedding);
  expect_close(dumped.tensor("voice.gen.embedding"), expected("voice.gen.embedding"),
               Stage::kXVector);
  expect_close(dumped.tensor("voice.gen.prompt_feat"), expected("voice.gen.prompt_feat"),
               Stage::kPromptMel);

  EXPECT_TRUE(dumped.equal("voice.speaker_emb", as_tensor(made.speaker_emb)));
  EXPECT_TRUE(dumped.equal("voice.cond_prompt_speech_tokens", at::tensor(made.prompt_tokens)));
  EXPECT_TRUE(dumped.equal("voice.gen.prompt_token", at::tensor(made.s3gen_tokens)));
  EXPECT_TRUE(dumped.equal("voice.gen.prompt_feat", as_tensor(made.s3gen_mel)));
  EXPECT_TRUE(dumped.equal("voice.gen.embedding", as_tensor(made.x_vector)));
}

}  // namespace chatterbox::testing
