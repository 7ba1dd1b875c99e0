// Snake's kernel for CUDA, run on the host, against that of the CPU.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "nn/cuda/snake_kernel.h"
#include "nn/host_launch.h"
#include "s3gen/snake.h"
#include "support/tensors.h"

namespace chatterbox::s3gen {
namespace {

using testing::max_abs;
using testing::noise;

// x [B, C, 1, T], channels-last.
template <int kWidth>
void check(int64_t channels) {
  constexpr int64_t kFrames = 37;
  const FrameMask mask = make_frame_mask({kFrames, 20, 1}, c10::kCPU);
  const at::Tensor alpha = noise({channels}, 1).abs().add(0.1);
  const Snake layer{alpha, alpha.add(1e-9).reciprocal()};
  const at::Tensor x =
      noise({3, channels, 1, kFrames}, 2, 20).contiguous(at::MemoryFormat::ChannelsLast);
  x.select(0, 1).slice(2, 20).fill_(std::numeric_limits<float>::quiet_NaN());
  const at::Tensor out = at::empty_like(x);
  nn::cuda::Snake arguments{x.const_data_ptr<float>(),
                            alpha.const_data_ptr<float>(),
                            layer.inverse.const_data_ptr<float>(),
                            mask.keep.const_data_ptr<float>(),
                            out.mutable_data_ptr<float>(),
                            3,
                            kFrames,
                            channels};
  testing::launch_on_host<nn::cuda::SnakeKernel<kWidth>>(arguments);
  // Multiplied and added at once or not: that is the compiler's choice.
  EXPECT_LE(max_abs(out, snake(layer, x, mask)), 4e-6);
  EXPECT_EQ(out.select(0, 2).slice(2, 1).count_nonzero().item<int64_t>(), 0);

  const at::Tensor first = x.narrow(0, 0, 1);
  arguments.keep = nullptr;
  arguments.rows = 1;
  out.fill_(7);
  testing::launch_on_host<nn::cuda::SnakeKernel<kWidth>>(arguments);
  EXPECT_LE(
      max_abs(out.narrow(0, 0, 1), snake(layer, first, make_frame_mask({kFrames}, c10::kCPU))),
      4e-6);
  EXPECT_TRUE(out.slice(0, 1).eq(7).all().item<bool>());
}

TEST(CudaSnake, IsTheCpus) {
  check<4>(64);
  check<1>(64);
  check<1>(5);
}

}  // namespace
}  // namespace chatterbox::s3gen
