// What a call is refused with.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "server/api_error.h"

namespace chatterbox::server {

template <class Work>
[[nodiscard]] std::optional<ApiError> refusal_of(Work&& work) {
  try {
    work();
  } catch (const ApiError& error) {
    return error;
  }
  return std::nullopt;
}

// With this status, for this field.
#define EXPECT_REFUSED(work, code, field)                         \
  do {                                                            \
    const auto refusal = refusal_of([&] { (void)(work); });       \
    ASSERT_TRUE(refusal.has_value()) << #work << " was accepted"; \
    EXPECT_EQ(refusal->status(), code) << refusal->what();        \
    EXPECT_EQ(refusal->param(), field) << refusal->what();        \
  } while (false)

}  // namespace chatterbox::server
