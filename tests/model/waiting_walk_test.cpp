// Random walks of the waiting room beside two sums.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/scheduling/waiting_room.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

TEST(WaitingWalk, SeatsAndBytesAreConserved) {
  std::mt19937 random(3);
  for (int walk = 0; walk < 200; ++walk) {
    const auto max_seats = 1 + static_cast<int64_t>(random() % 6);
    const auto max_bytes = 1 + static_cast<int64_t>(random() % 100);
    const auto room = std::make_shared<WaitingRoom>(max_seats, max_bytes);
    std::vector<std::pair<WaitingRoom::Seat, int64_t>> seats;
    int64_t bytes = 0;
    for (int i = 0; i < 300; ++i) {
      if (random() % 2 == 0 && !seats.empty()) {
        const size_t chosen = random() % seats.size();
        bytes -= seats[chosen].second;
        seats.erase(seats.begin() + static_cast<std::ptrdiff_t>(chosen));
      } else {
        const auto wanted = static_cast<int64_t>(random() % 120);
        const bool has_seat = static_cast<int64_t>(seats.size()) < max_seats;
        // One that holds more than there is room for at all may come alone.
        const bool fits = bytes + wanted <= max_bytes || bytes == 0;
        bool entered = true;
        try {
          seats.emplace_back(room->enter(0, wanted, TimePoint::min()), wanted);
          bytes += wanted;
        } catch (const Error& error) {
          entered = false;
          EXPECT_EQ(error.status(), Status::kBusy);
        }
        ASSERT_EQ(entered, has_seat && fits) << walk << ", " << i;
      }
      ASSERT_EQ(room->bytes(), bytes);
      ASSERT_EQ(room->waiting(), 0);
    }
  }
}

}  // namespace
}  // namespace chatterbox::engine
