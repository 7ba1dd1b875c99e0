// The flow against a golden: its speech tokens, its voice, its random draws.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "s3gen/s3gen.h"
#include "support/collected_tensors.h"
#include "support/generator.h"
#include "support/golden.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {

// `mel_of`: a golden of the same recording, which has the prompt's mel where `golden` leaves it
// out.
inline voice::Conditionals golden_voice(const testing::Golden& golden,
                                        const testing::Golden& mel_of) {
  voice::Conditionals voice;
  voice.s3gen_tokens = testing::values<int64_t>(golden.tensor("voice.gen.prompt_token"));
  voice.s3gen_mel = testing::values<float>(mel_of.tensor("voice.gen.prompt_feat"));
  voice.x_vector = testing::values<float>(golden.tensor("voice.gen.embedding"));
  return voice;
}

// `generator` as the flow of the golden's run found it; afterwards as it left it.
inline void expect_equals_reference(const Flow& flow, const testing::Golden& golden,
                                    const voice::Conditionals& voice,
                                    const at::Generator& generator) {
  testing::CollectedTensors collected;
  std::vector<FlowRow> rows = {{testing::values<int64_t>(golden.tensor("s3gen.speech_tokens")),
                                &voice, generator, collected.sink()}};
  const std::vector<at::Tensor> mels = tokens_to_mel(flow, rows, {});
  using testing::Stage;
  EXPECT_TRUE(collected.equal("s3gen.speech_tokens", golden.tensor("s3gen.speech_tokens")));
  testing::expect_close(collected.tensor("s3gen.mu"), golden.tensor("s3gen.mu"), Stage::kMu);
  testing::expect_close(collected.tensor("s3gen.mel"), golden.tensor("s3gen.mel"), Stage::kMel);
  ASSERT_EQ(mels.size(), 1U);
  EXPECT_TRUE(at::equal(mels.front(), collected.tensor("s3gen.mel")));
}

inline void expect_equals_reference(const Flow& flow, const std::string& name) {
  SCOPED_TRACE(name);
  const testing::Golden golden(name);
  expect_equals_reference(flow, golden, golden_voice(golden, golden),
                          testing::generator_after(golden, false));
}

}  // namespace chatterbox::s3gen
