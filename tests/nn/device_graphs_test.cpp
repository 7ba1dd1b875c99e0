// When work is done as it is, recorded, or replayed. The stand-in device's graphs: tests/device.
#include "nn/device_graphs.h"

#include <gtest/gtest.h>

#include <utility>

namespace chatterbox::nn {
namespace {

constexpr int64_t kEnough = 8;

struct Calls {
  int works = 0, records = 0, replays = 0;
  bool refuses = false;
};

struct FakeGraph final : DeviceGraph {
  explicit FakeGraph(Calls& counted) : calls(counted) {}
  void replay() override { ++calls.replays; }
  Calls& calls;
};

struct FakeRecorder final : GraphRecorder {
  explicit FakeRecorder(Calls& counted) : calls(counted) {}
  Recorded record(c10::Device /*device*/, std::function<void()> work) override {
    ++calls.records;
    if (calls.refuses) return {nullptr, "no memory"};
    work();
    return {std::make_unique<FakeGraph>(calls), ""};
  }
  Calls& calls;
};

// A type of device that no test computes on.
Calls& calls() {
  static Calls calls;
  static const bool registered = [] {
    register_graph_recorder(c10::kMeta, std::make_unique<FakeRecorder>(calls));
    return true;
  }();
  static_cast<void>(registered);
  calls = {};
  return calls;
}

TEST(DeviceGraphs, WorkIsRecordedTheSecondTimeAndThenReplayed) {
  Calls& seen = calls();
  DeviceGraphs graphs(c10::kMeta, kEnough);
  for (int i = 0; i < 5; ++i) graphs.run({1, 2}, [&] { ++seen.works; });
  EXPECT_EQ(seen.works, 2);
  EXPECT_EQ(seen.records, 1);
  EXPECT_EQ(seen.replays, 3);
  graphs.run({2, 1}, [&] { ++seen.works; });
  EXPECT_EQ(seen.works, 3);
  EXPECT_EQ(graphs.recorded(), 1);
}

TEST(DeviceGraphs, WhatCannotBeRecordedIsDoneAsItIs) {
  Calls& seen = calls();
  seen.refuses = true;
  DeviceGraphs graphs(c10::kMeta, kEnough);
  for (int i = 0; i < 5; ++i) graphs.run({}, [&] { ++seen.works; });
  EXPECT_EQ(seen.works, 5);
  EXPECT_EQ(seen.records, 1);
  EXPECT_EQ(graphs.recorded(), 0);
}

TEST(DeviceGraphs, ADeviceWithoutARecorderHasNone) {
  int works = 0;
  DeviceGraphs graphs(c10::kCPU, kEnough);
  for (int i = 0; i < 3; ++i) graphs.run({}, [&] { ++works; });
  EXPECT_EQ(works, 3);
  EXPECT_EQ(graphs.recorded(), 0);
}

}  // namespace
}  // namespace chatterbox::nn
