// A fixture that writes down what an engine does with its model, in order.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox::testing {

// Not within a hook, which is of all engines.
inline std::vector<float> alone(const Request& request) {
  Engine engine({});
  return generate(engine, request).audio.samples;
}

// "begin a", "prefill a 1", "step a 3", "flow a", "vocode a". Holds the worker at the first step of
// the first request until the test has submitted the rest.
class RecordedEngine : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  static EngineOptions options_for(Mode mode, int32_t max_batch = 8,
                                   std::optional<int64_t> rows = std::nullopt,
                                   const std::string& device = "auto") {
    EngineOptions options;
    options.mode = mode;
    options.max_batch = max_batch;
    options.memory_limit = rows;
    options.device = device;
    return options;
  }

  // The first request runs up to its first step; then the others wait in the queue; then all go on.
  std::vector<Job> submit_together(Engine& engine, const std::vector<Request>& requests) {
    std::vector<Job> jobs = {engine.submit(requests.front())};
    first_step_.wait();
    for (size_t i = 1; i < requests.size(); ++i) jobs.push_back(engine.submit(requests[i]));
    all_submitted_.open();
    return jobs;
  }

  void record(const FakeCall& call) {
    const char* const what = call.point == FakePoint::kBegin     ? "begin "
                             : call.point == FakePoint::kPrefill ? "prefill "
                             : call.point == FakePoint::kStep    ? "step "
                             : call.point == FakePoint::kFlow    ? "flow "
                             : call.point == FakePoint::kVocode  ? "vocode "
                                                                 : nullptr;
    if (what == nullptr) return;
    const bool numbered = call.point == FakePoint::kStep || call.point == FakePoint::kPrefill;
    const std::string name = call.task->source ? "voice" : call.task->text.substr(0, 1);
    events_.push_back(what + name + (numbered ? " " + std::to_string(call.index) : ""));
    if (call.point != FakePoint::kStep) return;
    first_step_.open();
    all_submitted_.wait();
  }

  [[nodiscard]] std::ptrdiff_t at(const std::string& event) const {
    const auto found = std::find(events_.begin(), events_.end(), event);
    EXPECT_NE(found, events_.end()) << event;
    return found - events_.begin();
  }

  // Of an engine whose calls are recorded and that ran nothing yet.
  void expect_one_at_a_time(Engine& engine) {
    EXPECT_EQ(engine.limits().rows, 2);
    for (const Job& job :
         submit_together(engine, {request_for("a"), request_for("b"), request_for("c")})) {
      (void)job.result();
    }
    EXPECT_LT(at("vocode a"), at("begin b"));
    EXPECT_LT(at("vocode b"), at("begin c"));
    EXPECT_EQ(engine.metrics().peak_rows, 2);
  }

  std::vector<std::string> events_;  // of the worker's thread; read when the jobs are done
  Latch first_step_, all_submitted_;
};

}  // namespace chatterbox::testing
