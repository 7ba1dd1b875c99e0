// Long texts for tests.
#pragma once

#include <string>

namespace chatterbox::testing {

// Sentences of more than 64 bytes, which the fake model counts as tokens, so that each is a piece.
inline std::string sentences(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "This is sentence number " + std::to_string(i) +
            " of a long text, and it takes some time to say all of it. ";
  }
  return text;
}

}  // namespace chatterbox::testing
