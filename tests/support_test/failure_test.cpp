// What is told of an exception, whatever stands in it.
#include "support/failure.h"

#include <gtest/gtest.h>

#include "support/error.h"
#include "support/utf8.h"

namespace chatterbox {
namespace {

Failure failure_with(const std::string& message) {
  try {
    throw Error(Status::kNotFound, message);
  } catch (...) {
    return current_failure();
  }
}

TEST(FailureTest, IsUtf8WhateverTheCallerGave) {
  EXPECT_EQ(failure_with("é").message, "é");
  EXPECT_EQ(failure_with("a\xFF\x80"
                         "b")
                .message,
            "a\uFFFD\uFFFDb");
  EXPECT_EQ(failure_with("\xF0\x9F").message, "\uFFFD\uFFFD");
}

TEST(FailureTest, IsOfBoundedLength) {
  EXPECT_EQ(failure_with(std::string(2000, 'x')).message, std::string(2000, 'x'));
  EXPECT_EQ(failure_with(std::string(2001, 'x')).message, std::string(2000, 'x') + "...");
  const std::string cut = failure_with("x" + std::string(1000000, '\xFF')).message;
  EXPECT_LE(cut.size(), 2003U);
  EXPECT_TRUE(is_valid_utf8(cut));
}

}  // namespace
}  // namespace chatterbox
