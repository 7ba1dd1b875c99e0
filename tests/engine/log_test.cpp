// A log that is closed.
#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <vector>

#include "support/latch.h"
#include "support/log.h"

namespace chatterbox {
namespace {

using testing::Latch;

TEST(LogTest, HandsOutFromItsLevelOnWithTheTag) {
  std::vector<std::string> lines;
  const Log log(
      [&](LogLevel level, uint64_t tag, std::string_view message) {
        lines.push_back(fmt::format("{} {} {}", static_cast<int>(level), tag, message));
      },
      LogLevel::kInfo);
  log.debug(1, "not {}", "this");
  log.info(2, "a {}", "line");
  log.warning(3, "b");
  log.error(0, "c");
  EXPECT_EQ(lines, (std::vector<std::string>{"1 2 a line", "2 3 b", "3 0 c"}));
  const Log silent;
  silent.error(0, "nobody");
}

TEST(LogTest, OnceClosedIsSilent) {
  int lines = 0;
  const Log log([&](LogLevel, uint64_t, std::string_view) { ++lines; }, LogLevel::kDebug);
  const Log copy = log;
  copy.error(0, "x");
  log.close();
  copy.error(0, "x");
  log.close();
  EXPECT_EQ(lines, 1);
}

TEST(LogTest, ClosingWaitsForACallThatIsUnderWay) {
  Latch within, go_on;
  bool returned = false;
  const Log log(
      [&](LogLevel, uint64_t, std::string_view) {
        within.open();
        go_on.wait();
        returned = true;
      },
      LogLevel::kDebug);
  std::thread writer([&] { log.error(0, "x"); });
  within.wait();
  std::thread opener([&] { go_on.open(); });
  log.close();
  EXPECT_TRUE(returned);
  writer.join();
  opener.join();
}

TEST(LogTest, MayBeClosedWithinItsCallback) {
  int lines = 0;
  Log log;
  log = Log(
      [&](LogLevel, uint64_t, std::string_view) {
        ++lines;
        log.close();
        log.error(0, "y");
      },
      LogLevel::kDebug);
  log.error(0, "x");
  log.error(0, "z");
  EXPECT_EQ(lines, 1);
}

}  // namespace
}  // namespace chatterbox
