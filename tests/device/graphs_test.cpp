// Graphs of the stand-in device: what they do again, and what they must refuse.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/stand_in.h"
#include "nn/device_graphs.h"
#include "support/tensors.h"

namespace chatterbox::testing {
namespace {

const c10::Device kDevice{c10::kPrivateUse1, 0};
constexpr int64_t kEnough = 8;

class StandInGraphs : public ::testing::Test {
 protected:
  StandInGraphs() { use_stand_in(); }
  ~StandInGraphs() override { check_replays(true); }

  static at::Tensor device(const at::Tensor& cpu) { return cpu.to(kDevice); }
  // Why the work cannot be done so often.
  static std::string failure(const std::function<void()>& work, int times) {
    nn::DeviceGraphs graphs(kDevice, kEnough);
    try {
      for (int i = 0; i < times; ++i) graphs.run({}, work);
    } catch (const c10::Error& error) {
      return error.what_without_backtrace();
    }
    return "";
  }

  const c10::InferenceMode inference_mode_;
};

// Once as it is, once recorded, and then over what its memory holds by then.
TEST_F(StandInGraphs, ReplayDoesTheWorkAgain) {
  check_replays(false);
  const at::Tensor x = device(at::arange(6, at::kFloat)), sum = device(at::zeros({1}));
  int asked = 0;
  const auto work = [&, x, sum] {
    ++asked;
    const at::Tensor parts = at::cat({x.narrow(0, 0, 3), std::get<0>(x.mul(2).sort(0, true))});
    sum.add_(parts.view({3, 3})[1].sum());
    x.narrow(0, 1, 2).add_(1);
  };
  nn::DeviceGraphs graphs(kDevice, kEnough);
  const DeviceRecording recording;
  at::Tensor cpu_x = at::arange(6, at::kFloat), cpu_sum = at::zeros({1});
  for (int i = 0; i < 4; ++i) {
    graphs.run({7}, work);
    const at::Tensor parts =
        at::cat({cpu_x.narrow(0, 0, 3), std::get<0>(cpu_x.mul(2).sort(0, true))});
    cpu_sum.add_(parts.view({3, 3})[1].sum());
    cpu_x.narrow(0, 1, 2).add_(1);
  }
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(recording.counts().replays, 2);
  EXPECT_EQ(graphs.recorded(), 1);
  EXPECT_TRUE(at::equal(sum.cpu(), cpu_sum));
  EXPECT_TRUE(at::equal(x.cpu(), cpu_x));
}

TEST_F(StandInGraphs, KeysHaveGraphsOfTheirOwn) {
  const at::Tensor x = device(at::zeros({4}));
  nn::DeviceGraphs graphs(kDevice, kEnough);
  for (int i = 0; i < 6; ++i) {
    for (const int64_t size : {2, 4}) {
      graphs.run({size}, [=] { x.narrow(0, 0, size).add_(1); });
    }
  }
  EXPECT_EQ(graphs.recorded(), 2);
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{12, 12, 6, 6}));
}

// What was not used for longest makes room, once the device is through with it; its key is a new
// one again: done as it is, and then recorded.
TEST_F(StandInGraphs, TheOldestMakesRoom) {
  check_replays(false);
  const at::Tensor x = device(at::zeros({4}));
  nn::DeviceGraphs graphs(kDevice, 2);
  DeviceRecording recording;
  const auto run = [&](int64_t size) {
    recording.restart();
    graphs.run({size}, [=] { x.narrow(0, 0, size).add_(1); });
    return recording.counts();
  };
  for (const int64_t size : {1, 1, 2, 2, 1}) static_cast<void>(run(size));
  EXPECT_EQ(run(3).synchronisations, 0);
  EXPECT_EQ(run(3).synchronisations, 1);  // instead of 2
  EXPECT_EQ(graphs.recorded(), 2);
  EXPECT_EQ(run(1).replays, 1);
  EXPECT_EQ(run(3).replays, 1);
  EXPECT_EQ(run(2).synchronisations, 0);
  EXPECT_EQ(run(2).synchronisations, 1);  // instead of 1
  EXPECT_EQ(run(2).replays, 1);
  EXPECT_EQ(run(1).operators, 1);
  EXPECT_EQ(graphs.recorded(), 2);
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{13, 8, 3, 0}));
}

TEST_F(StandInGraphs, NoneWhereThereIsNoRoom) {
  const at::Tensor x = device(at::zeros({4}));
  nn::DeviceGraphs graphs(kDevice, 0);
  for (int i = 0; i < 4; ++i) graphs.run({}, [=] { x.add_(1); });
  EXPECT_EQ(graphs.recorded(), 0);
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{4, 4, 4, 4}));
}

// Shapes, numbers and memory that change from call to call, which a replay would not see.
TEST_F(StandInGraphs, RefusesWorkThatDependsOnTheHost) {
  const at::Tensor x = device(at::zeros({8}));
  int64_t calls = 0;
  const auto differs = ::testing::HasSubstr("a replay would differ from its work");
  EXPECT_THAT(failure([&] { x.narrow(0, 0, 1 + ++calls / 3).add_(1); }, 4), differs);
  EXPECT_THAT(failure([&] { x.add_(static_cast<double>(++calls)); }, 4), differs);
  EXPECT_THAT(failure([&] { x.narrow(0, ++calls % 4, 2).add_(1); }, 4), differs);
  EXPECT_THAT(failure([&] { ++calls % 2 == 0 ? x.add_(1) : x.mul_(2); }, 4), differs);
  at::Tensor grown = device(at::zeros({1}));
  EXPECT_THAT(failure([&] { grown = at::cat({grown, grown}); }, 4), differs);
  EXPECT_EQ(failure([&] { x.add_(1).mul_(2); }, 4), "");
}

// What cannot be recorded is done each time as it is, and the log says why, once.
TEST_F(StandInGraphs, SaysWhyThereAreNone) {
  std::vector<std::string> lines;
  const Log log(
      [&](LogLevel level, uint64_t tag, std::string_view message) {
        EXPECT_EQ(level, LogLevel::kWarning);
        EXPECT_EQ(tag, 0U);
        lines.emplace_back(message);
      },
      LogLevel::kWarning);
  const at::Tensor x = device(at::zeros({4}));
  nn::DeviceGraphs graphs(kDevice, kEnough, log);
  refuse_recordings(true);
  for (int i = 0; i < 3; ++i) {
    for (const int64_t size : {2, 4}) {
      graphs.run({size}, [=] { x.narrow(0, 0, size).add_(1); });
    }
  }
  refuse_recordings(false);
  EXPECT_EQ(graphs.recorded(), 0);
  EXPECT_EQ(values<float>(x.cpu()), (std::vector<float>{6, 6, 3, 3}));
  EXPECT_THAT(lines, ::testing::ElementsAre(std::string(kStandIn) +
                                            ":0: work is not recorded as a graph, and takes "
                                            "longer: the stand-in records nothing"));
}

TEST_F(StandInGraphs, RefusesWhatIsTheHosts) {
  const at::Tensor x = device(at::zeros({8}));
  const at::Tensor host = at::zeros({8});
  const auto refused = [](const char* what) {
    return ::testing::HasSubstr(std::string("recorded work has ") + what);
  };
  EXPECT_THAT(failure([&] { x.copy_(host); }, 2), refused("a copy from or to the host"));
  EXPECT_THAT(failure([&] { static_cast<void>(x.cpu()); }, 2), refused("a copy from or to"));
  EXPECT_THAT(failure([&] { static_cast<void>(x.sum().item<float>()); }, 2),
              refused("a wait for the device"));
  EXPECT_THAT(failure([&] { static_cast<void>(at::equal(x, x)); }, 2),
              refused("a result for the host"));
}

}  // namespace
}  // namespace chatterbox::testing
