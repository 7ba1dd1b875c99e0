// What the tests of the C ABI over the fake executor share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capi/owners.h"
#include "support/fake_executor.h"

namespace chatterbox::capi_test {

// What the next request gives must be what a fresh engine gives.
inline void expect_usable(const Owned<chatterbox_engine>& engine) {
  const chatterbox_request request = request_for("Still here?");
  EXPECT_EQ(speak(engine, request), speak(make_engine(), request));
}

// No test may leave an executor behind, nor make the engine break its contract. Looked at when the
// members of a fixture, which own engines, are gone.
class CApiTest : public ::testing::Test {
 protected:
  ~CApiTest() override {
    EXPECT_EQ(testing::fake_breaches(), 0);
    EXPECT_EQ(testing::fake_executors(), 0);
  }
};

}  // namespace chatterbox::capi_test
