// What the tests of the C ABI over the fake model share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "capi/owners.h"
#include "support/fake_executor.h"
#include "support/latch.h"

namespace chatterbox::capi_test {

// What the next request gives must be what a fresh engine gives.
inline void expect_usable(const Owned<chatterbox_engine>& engine) {
  const chatterbox_request request = request_for("Still here?");
  EXPECT_EQ(speak(engine, request), speak(make_engine(), request));
}

// No test may leave a model behind, nor make the engine break its contract. Looked at when the
// members of a fixture, which own engines, are gone.
class CApiTest : public ::testing::Test {
 protected:
  ~CApiTest() override {
    EXPECT_EQ(testing::fake_breaches(), 0);
    EXPECT_EQ(testing::fake_models(), 0);
  }
};

// Holds the engine's thread where `point` is reached with `index` for the first time, until the
// test says go on, or ends.
class Hold {
 public:
  explicit Hold(testing::FakePoint point, int64_t index = 0)
      : hook_([state = state_, point, index](const testing::FakeCall& call) {
          if (call.point != point) return;
          state->last = call.index;
          if (call.index != index) return;
          state->reached.open();
          state->go_on.wait();
        }) {}
  ~Hold() { go_on(); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  void wait_until_reached() const { state_->reached.wait(); }
  void go_on() const { state_->go_on.open(); }
  // The last index that the point was reached with.
  [[nodiscard]] int64_t last() const { return state_->last; }

 private:
  struct State {
    testing::Latch reached, go_on;
    std::atomic<int64_t> last{-1};
  };
  // Of the hook too, which a thread may be in when this object goes.
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  const testing::ScopedFakeHook hook_;
};

}  // namespace chatterbox::capi_test
