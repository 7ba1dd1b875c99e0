// The vocoder against a golden, from the reference's own mel.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "s3gen/s3gen.h"
#include "support/collected_tensors.h"
#include "support/generator.h"
#include "support/golden.h"

namespace chatterbox::s3gen {

enum class GoldenSource { kKept, kLeftOut };

// `generator` as the vocoder of the golden's run found it.
inline void expect_equals_reference(const Vocoder& vocoder, const testing::Golden& golden,
                                    const at::Generator& generator, GoldenSource source) {
  testing::CollectedTensors collected;
  std::vector<VocoderRow> rows = {{golden.tensor("s3gen.mel"), generator, collected.sink()}};
  const std::vector<at::Tensor> waves = mel_to_wave(vocoder, rows);
  using testing::Stage;
  testing::expect_close(collected.tensor("s3gen.f0"), golden.tensor("s3gen.f0"), Stage::kF0);
  if (source == GoldenSource::kKept) {
    testing::expect_close(collected.tensor("s3gen.source"), golden.tensor("s3gen.source"),
                          Stage::kSource);
  }
  testing::expect_close(collected.tensor("s3gen.wav"), golden.tensor("s3gen.wav"), Stage::kWave);
  ASSERT_EQ(waves.size(), 1U);
  EXPECT_TRUE(at::equal(waves.front(), collected.tensor("s3gen.wav")));
}

inline void expect_equals_reference(const Vocoder& vocoder, const std::string& name) {
  SCOPED_TRACE(name);
  const testing::Golden golden(name);
  expect_equals_reference(vocoder, golden, testing::generator_after(golden, true),
                          GoldenSource::kKept);
}

}  // namespace chatterbox::s3gen
