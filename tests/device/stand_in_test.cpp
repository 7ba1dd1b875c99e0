// The stand-in device itself: operators, views, what crosses, and what it must refuse.
#include "device/stand_in.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/upload.h"
#include "runtime/device.h"
#include "support/failure_of.h"

namespace chatterbox::testing {
namespace {

class StandIn : public ::testing::Test {
 protected:
  StandIn() { use_stand_in(); }
  static at::Tensor on_device(const at::Tensor& cpu) { return cpu.to(at::kPrivateUse1); }

  const c10::InferenceMode inference_mode_;
};

TEST_F(StandIn, ComputesWhatTheCpuDoes) {
  const at::Tensor x = at::arange(12, at::kFloat).view({3, 4}) / 7;
  const at::Tensor w = at::arange(20, at::kFloat).view({5, 4}).sin();
  const auto compute = [](const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor y = at::layer_norm(at::linear(a, b).mul(2).add_(a.sum()), {5});
    return at::cat({y.softmax(-1), y.t().contiguous().t().narrow(1, 1, 2)}, 1);
  };
  EXPECT_TRUE(at::equal(compute(on_device(x), on_device(w)).cpu(), compute(x, w)));
}

TEST_F(StandIn, ViewsShareWhatIsWritten) {
  const at::Tensor x = on_device(at::zeros({4, 6}));
  x.t()[2].narrow(0, 1, 2).fill_(3);
  x.select(0, 0).copy_(at::ones({6}));
  x.index_put_({on_device(at::tensor({3, 3}, at::kLong)), on_device(at::tensor({0, 5}, at::kLong))},
               on_device(at::tensor({7.F, 8.F})));
  at::Tensor expected = at::zeros({4, 6});
  expected[0].fill_(1);
  expected[1][2] = 3;
  expected[2][2] = 3;
  expected[3][0] = 7;
  expected[3][5] = 8;
  EXPECT_TRUE(at::equal(x.cpu(), expected));
}

TEST_F(StandIn, CountsWhatCrosses) {
  const DeviceRecording recording;
  const at::Tensor x = on_device(at::zeros({4, 6}));
  const at::Tensor y = x.add(1).view({24}).narrow(0, 3, 4);
  static_cast<void>(y.sum().item<float>());
  static_cast<void>(y.cpu());
  const DeviceCounts counts = recording.counts();
  EXPECT_EQ(counts.operators, 2) << recording.report();
  EXPECT_EQ(counts.uploads, 1);
  EXPECT_EQ(counts.upload_bytes, 96);
  EXPECT_EQ(counts.downloads, 2);
  EXPECT_EQ(counts.download_bytes, 20);
  EXPECT_EQ(counts.synchronisations, 3);
}

TEST_F(StandIn, NewMemoryIsNotZero) {
  EXPECT_TRUE(at::empty({8}, at::device(at::kPrivateUse1)).cpu().isnan().all().item<bool>());
}

// Else a test would pass that reads the device's memory by way of a pointer.
TEST_F(StandIn, TheHostCannotReadItsMemory) {
  const at::Tensor x = on_device(at::zeros({4}));
  volatile const float* data = x.const_data_ptr<float>();
  EXPECT_DEATH(static_cast<void>(data[1]), "the host has touched the memory of the device");
}

TEST_F(StandIn, RefusesTensorsOfTheHost) {
  const at::Tensor x = on_device(at::zeros({4, 6}));
  EXPECT_THROW(static_cast<void>(x.add(at::ones({6}))), c10::Error);
  EXPECT_THROW(static_cast<void>(x.index_select(0, at::tensor({1}, at::kLong))), c10::Error);
  EXPECT_THROW(static_cast<void>(x.index({at::tensor({1}, at::kLong)})), c10::Error);
  EXPECT_NO_THROW(static_cast<void>(x.add(at::ones({}))));  // a number, as on CUDA
}

TEST_F(StandIn, UploadTakesAllInOneCopy) {
  const std::vector<at::Tensor> tensors = {
      at::arange(5, at::kLong), at::arange(6, at::kFloat).view({2, 3}).t(), at::empty({0, 4}),
      at::tensor({1, 0}).to(at::kBool), at::full({}, 2.5, at::kDouble)};
  const DeviceRecording recording;
  const std::vector<at::Tensor> there = nn::upload(tensors, c10::Device(c10::kPrivateUse1, 0));
  EXPECT_EQ(recording.counts().uploads, 1);
  EXPECT_EQ(recording.counts().synchronisations, 0);
  ASSERT_EQ(there.size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_TRUE(there[i].is_privateuseone());
    EXPECT_EQ(there[i].scalar_type(), tensors[i].scalar_type());
    EXPECT_TRUE(at::equal(there[i].cpu(), tensors[i]));
  }
  EXPECT_TRUE(nn::upload(tensors, c10::kCPU)[0].is_same(tensors[0]));
}

// Its name is one of libtorch's backends, and of no device of the library.
TEST_F(StandIn, IsADeviceByItsOwnNameAlone) {
  EXPECT_EQ(runtime::choose_device(kStandIn), c10::Device(c10::kPrivateUse1, 0));
  for (const char* name : {"privateuseone", "stand_in:0", "stand"}) {
    const Failure failure = failure_of([&] { static_cast<void>(runtime::choose_device(name)); });
    EXPECT_EQ(failure.status, Status::kInvalidArgument);
    EXPECT_THAT(failure.message, ::testing::HasSubstr("must be cpu, cuda, cuda:N or auto"));
  }
}

}  // namespace
}  // namespace chatterbox::testing
