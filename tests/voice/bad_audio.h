// What becomes of recordings that no model should hear.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "support/error.h"

namespace chatterbox::testing {

// `work` must throw kBadAudio with `why` in its message.
template <class Work>
void expect_bad_audio(const Work& work, const std::string& why) {
  try {
    (void)work();
    ADD_FAILURE() << "nothing was thrown, expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kBadAudio);
    EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
  }
}

}  // namespace chatterbox::testing
