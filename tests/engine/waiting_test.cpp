// Where requests wait: turns, and room.
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "engine/scheduling/turns.h"
#include "engine/scheduling/waiting_room.h"
#include "support/requests.h"

namespace chatterbox::engine {
namespace {

using ::testing::ElementsAre;
using testing::failure_of;

ClientId client(uint64_t id) { return {false, id}; }

template <class Item>
std::vector<Item> all_of(Turns<Item>& turns) {
  std::vector<Item> items;
  while (!turns.empty()) items.push_back(turns.pop());
  return items;
}

TEST(Turns, ClientsAreServedInTurn) {
  Turns<int> turns;
  for (const int item : {1, 2, 3}) turns.push(0, client(1), item);
  turns.push(0, client(2), 11);
  turns.push(0, {true, 1}, 21);  // bulk work is a client of its own
  turns.push(0, client(2), 12);
  EXPECT_EQ(turns.size(), 6U);
  EXPECT_THAT(all_of(turns), ElementsAre(1, 11, 21, 2, 12, 3));
}

TEST(Turns, ThePriorityComesFirst) {
  Turns<int> turns;
  turns.push(-100, client(1), 1);
  turns.push(0, client(1), 2);
  turns.push(5, client(2), 3);
  turns.push(0, client(2), 4);
  turns.push(5, client(2), 5);
  EXPECT_THAT(all_of(turns), ElementsAre(3, 5, 2, 4, 1));
}

TEST(Turns, OthersMayGoFirst) {
  Turns<int> turns;
  for (const int item : {1, 2}) turns.push(0, client(1), item);
  turns.push(0, client(2), 11);
  turns.push(-1, client(3), 21);
  const auto unless = [](std::vector<int> items, Admission answer) {
    return [items, answer](int item) {
      return std::find(items.begin(), items.end(), item) == items.end() ? Admission::kNow : answer;
    };
  };
  EXPECT_EQ(turns.pop_if(unless({1}, Admission::kNotYet)), std::nullopt);
  EXPECT_EQ(turns.pop_if(unless({1, 11}, Admission::kOthersFirst)), 21);
  EXPECT_EQ(turns.pop_if(unless({1, 11}, Admission::kOthersFirst)), std::nullopt);
  EXPECT_EQ(turns.pop_if(unless({1}, Admission::kOthersFirst)), 11);
  EXPECT_THAT(all_of(turns), ElementsAre(1, 2));  // a client's come in their order
  EXPECT_TRUE(turns.empty());
}

TEST(Turns, WhatIsTakenOutLeavesTheOrder) {
  Turns<int> turns;
  for (const int item : {1, 2, 3}) turns.push(0, client(1), item);
  turns.push(0, client(2), 11);
  const auto is = [](int wanted) { return [wanted](int item) { return item == wanted; }; };
  EXPECT_EQ(turns.take(0, client(1), is(2)), 2);
  EXPECT_EQ(turns.take(0, client(1), is(2)), std::nullopt);
  EXPECT_EQ(turns.take(0, client(3), is(1)), std::nullopt);
  EXPECT_EQ(turns.take(1, client(1), is(1)), std::nullopt);
  EXPECT_EQ(turns.take(0, client(2), is(11)), 11);
  EXPECT_THAT(all_of(turns), ElementsAre(1, 3));
}

// Whatever the order of arrival: of each client first come, first served, and no client with work
// waits for more than one item of each other client.
TEST(Turns, NobodyWaitsForMoreThanATurnOfEachOther) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    Turns<std::pair<uint64_t, int>> turns;
    std::map<uint64_t, int> pushed, popped, since;
    for (int i = 0; i < 400; ++i) {
      if (turns.empty() || random() % 2 == 0) {
        const uint64_t id = random() % 5;
        if (pushed[id] == popped[id]) since[id] = 0;
        turns.push(0, client(id), {id, pushed[id]++});
        continue;
      }
      const auto [id, number] = turns.pop();
      EXPECT_EQ(number, popped[id]++);
      since[id] = 0;
      for (uint64_t other = 0; other < 5; ++other) {
        if (other == id || pushed[other] == popped[other]) continue;
        EXPECT_LE(++since[other], 5) << "client " << other;
      }
    }
  }
}

class WaitingRoomTest : public ::testing::Test {
 protected:
  static std::shared_ptr<WaitingRoom> room(int64_t seats, int64_t bytes) {
    return std::make_shared<WaitingRoom>(seats, bytes);
  }
};

TEST_F(WaitingRoomTest, IsBoundedInSeatsAndBytes) {
  const auto two = room(2, 100);
  std::optional<WaitingRoom::Seat> first = two->enter(0, 60, {});
  EXPECT_EQ(failure_of([&] { (void)two->enter(0, 41, {}); }).message,
            "1 requests are waiting that hold 60 bytes, another 41 would exceed max_queue_bytes, "
            "100");
  const WaitingRoom::Seat second = two->enter(0, 40, {});
  EXPECT_EQ(two->bytes(), 100);
  const Failure failure = failure_of([&] { (void)two->enter(0, 0, {}); });
  EXPECT_EQ(failure.status, Status::kBusy);
  EXPECT_EQ(failure.message, "2 requests are waiting, which is max_queue");
  first.reset();
  EXPECT_EQ(two->bytes(), 40);
  EXPECT_NO_THROW((void)two->enter(0, 60, {}));
}

TEST_F(WaitingRoomTest, WhatIsLargerThanAllGoesAlone) {
  const auto small = room(9, 100);
  {
    const WaitingRoom::Seat large = small->enter(0, 1000, {});
    EXPECT_EQ(failure_of([&] { (void)small->enter(0, 1, {}); }).status, Status::kBusy);
  }
  const WaitingRoom::Seat one = small->enter(0, 1, {});
  EXPECT_EQ(failure_of([&] { (void)small->enter(0, 1000, {}); }).status, Status::kBusy);
}

TEST_F(WaitingRoomTest, WaitsForSoLong) {
  const auto one = room(1, 100);
  const WaitingRoom::Seat seat = one->enter(0, 0, {});
  const TimePoint due = Clock::now() + std::chrono::milliseconds(3);
  EXPECT_EQ(failure_of([&] { (void)one->enter(0, 0, due); }).status, Status::kBusy);
  EXPECT_GE(Clock::now(), due);
}

// By priority, then in their order; and nobody comes before them without waiting.
TEST_F(WaitingRoomTest, ThoseWhoWaitComeFirst) {
  const auto one = room(1, 100);
  std::optional<WaitingRoom::Seat> seat = one->enter(0, 0, {});
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  const std::vector<int> priorities = {0, 0, 5, -5};
  for (size_t i = 0; i < priorities.size(); ++i) {
    threads.emplace_back([&, i] {
      const WaitingRoom::Seat mine = one->enter(priorities[i], 0, TimePoint::max());
      const std::lock_guard<std::mutex> lock(mutex);
      order.push_back(static_cast<int>(i));
    });
    while (one->waiting() <= static_cast<int64_t>(i)) std::this_thread::yield();
  }
  seat->leave();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(order, ElementsAre(2, 0, 1, 3));
}

TEST_F(WaitingRoomTest, IsWaitedForUntilNobodyIsThere) {
  const auto two = room(2, 100);
  EXPECT_TRUE(two->wait_until_empty({}));
  std::optional<WaitingRoom::Seat> seat = two->enter(0, 1, {});
  EXPECT_FALSE(two->wait_until_empty({}));
  std::thread leaver([&] { seat->leave(); });
  EXPECT_TRUE(two->wait_until_empty(TimePoint::max()));
  leaver.join();
}

TEST_F(WaitingRoomTest, ClosingTellsAllWhy) {
  const auto one = room(1, 100);
  const WaitingRoom::Seat seat = one->enter(0, 0, {});
  Failure told;
  std::thread waiter([&] { told = failure_of([&] { (void)one->enter(0, 0, TimePoint::max()); }); });
  while (one->waiting() == 0) std::this_thread::yield();
  one->close({Status::kDeviceLost, "gone"});
  waiter.join();
  one->close({Status::kCancelled, "later"});
  EXPECT_EQ(told.status, Status::kDeviceLost);
  EXPECT_EQ(failure_of([&] { (void)one->enter(0, 0, {}); }).message, "gone");
  EXPECT_EQ(failure_of([&] { one->check_open(); }).message, "gone");
}

}  // namespace
}  // namespace chatterbox::engine
