// What a call that must fail says.
#pragma once

#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <string>

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
