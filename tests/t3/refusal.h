// What a call that must fail says.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/status.h"

namespace chatterbox::testing {

inline std::string refusal(const std::function<void()>& work, Status status) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    return error.what();
  }
  return "nothing was refused";
}

}  // namespace chatterbox::testing
