#include "support/interruption.h"

#include <gtest/gtest.h>

#include <thread>

namespace chatterbox {
namespace {

TEST(InterruptionTest, AsksTheInnermostOfItsThread) {
  int outer = 0, inner = 0;
  interruption_point();
  const InterruptionCheck check([&] { ++outer; });
  interruption_point();
  {
    const InterruptionCheck nested([&] { ++inner; });
    interruption_point();
    const InterruptionCheck none(nullptr);
    interruption_point();
  }
  std::thread(interruption_point).join();
  interruption_point();
  EXPECT_EQ(outer, 2);
  EXPECT_EQ(inner, 1);
}

TEST(InterruptionTest, ThrowsWhatTheCheckThrows) {
  const auto compute = [] {
    const InterruptionCheck check([] { throw 5; });
    interruption_point();
  };
  EXPECT_THROW(compute(), int);
  interruption_point();
}

}  // namespace
}  // namespace chatterbox
