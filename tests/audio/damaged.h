// Decoding of files that are not what they should be.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "audio/encoded.h"
#include "support/error.h"

namespace chatterbox::audio {

// What decoding came to: an error's message, or how many samples there are.
struct Outcome {
  std::string message;
  size_t samples = 0;
};

inline Outcome decode_damaged(const std::string& bytes) {
  const auto start = std::chrono::steady_clock::now();
  Outcome outcome;
  try {
    outcome.samples = decoded(bytes).samples.size();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadAudio) << error.what();
    EXPECT_THAT(error.what(), ::testing::StartsWith("a.bin: "));
    outcome.message = error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  return outcome;
}

}  // namespace chatterbox::audio
