#include "server/worker_pool.h"

#include <gtest/gtest.h>

#include <future>

namespace chatterbox::server {
namespace {

TEST(WorkerPoolTest, RefusesWhenAllThreadsAreBusy) {
  WorkerPool pool(2);
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  EXPECT_TRUE(pool.run([open] { open.wait(); }));
  EXPECT_TRUE(pool.run([open] { open.wait(); }));
  EXPECT_FALSE(pool.run([] {}));
  gate.set_value();
  ASSERT_TRUE(pool.idle_within(std::chrono::seconds(10)));
  EXPECT_TRUE(pool.run([] {}));
}

TEST(WorkerPoolTest, WaitsForTasksNoLongerThanItIsTold) {
  WorkerPool pool(1);
  EXPECT_TRUE(pool.idle_within(std::chrono::milliseconds(0)));
  std::promise<void> gate;
  EXPECT_TRUE(pool.run([open = gate.get_future().share()] { open.wait(); }));
  EXPECT_FALSE(pool.idle_within(std::chrono::milliseconds(5)));
  gate.set_value();
  EXPECT_TRUE(pool.idle_within(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace chatterbox::server
