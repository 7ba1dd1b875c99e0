// Whether two voices are the same to the last bit.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "voice/conditionals.h"

namespace chatterbox::testing {

inline void expect_same_bits(const voice::Conditionals& actual,
                             const voice::Conditionals& expected) {
  // Not ==, to which 0 and -0 are equal.
  const auto same = [](const auto& a, const auto& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
  };
  EXPECT_TRUE(same(actual.speaker_emb, expected.speaker_emb));
  EXPECT_EQ(actual.prompt_tokens, expected.prompt_tokens);
  EXPECT_EQ(std::memcmp(&actual.emotion, &expected.emotion, sizeof(float)), 0);
  EXPECT_EQ(actual.s3gen_tokens, expected.s3gen_tokens);
  EXPECT_TRUE(same(actual.s3gen_mel, expected.s3gen_mel));
  EXPECT_TRUE(same(actual.x_vector, expected.x_vector));
}

}  // namespace chatterbox::testing
