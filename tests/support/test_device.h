// The device of tests that know the library by its public interface alone.
#pragma once

#include <cstdlib>

namespace chatterbox::testing {

// "cpu", unless CHATTERBOX_TEST_DEVICE says "cuda" (tests/gpu).
inline const char* test_device() {
  const char* name = std::getenv("CHATTERBOX_TEST_DEVICE");
  return name != nullptr ? name : "cpu";
}

}  // namespace chatterbox::testing
