// The fp32 convolutions over frames: every variant of the kernel that this machine runs, and what
// is made of it, against libtorch in double precision; and that a frame has its bits anywhere.
#include "nn/cpu/conv.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "kernel_inputs.h"
#include "support/tensors.h"

namespace chatterbox::nn::cpu {
namespace {

using testing::data;
using testing::max_abs;
using testing::noise;

struct Shape {
  int64_t inputs, outputs, taps, stride, dilation, before;
};

at::Tensor weight_of(const Shape& shape) {
  return noise({shape.outputs, shape.inputs, 1, shape.taps}, 1);
}

// x [T, C] to [made, N], in double; zeros before and after x.
at::Tensor expected(const Shape& shape, const at::Tensor& x, const at::Tensor& bias, int64_t made) {
  const int64_t read = (made - 1) * shape.stride + (shape.taps - 1) * shape.dilation + 1;
  const int64_t after = read - shape.before - x.size(0);
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, shape.before, after});
  return at::conv1d(padded.to(at::kDouble).t().unsqueeze(0),
                    weight_of(shape).squeeze(2).to(at::kDouble), bias.to(at::kDouble), shape.stride,
                    /*padding=*/at::IntArrayRef({0}), shape.dilation)[0]
      .t();
}

double tolerance(const Shape& shape) {
  return 5e-6 * std::sqrt(static_cast<double>(shape.inputs * shape.taps)) + 2e-6;
}

at::Tensor convolved(const Shape& shape, const at::Tensor& x, const at::Tensor& bias,
                     int64_t made) {
  const PackedConv layer = pack_convolution(weight_of(shape), bias);
  const at::Tensor y = at::full({made, shape.outputs + 3}, -7.0F);
  convolve({{&layer, data<float>(x), x.size(0), shape.stride, shape.dilation, shape.before,
             data<float>(y), made, shape.outputs + 3}});
  EXPECT_TRUE(y.narrow(1, shape.outputs, 3).eq(-7).all().item<bool>());
  return y.narrow(1, 0, shape.outputs);
}

class ConvKernel : public ::testing::TestWithParam<Isa> {};

TEST_P(ConvKernel, AddsUpTapsAndInputs) {
  if (!supported(GetParam())) GTEST_SKIP() << "this machine does not run it";
  for (const Shape& shape : {Shape{1, 1, 1, 1, 1, 0},
                             {7, 16, 3, 1, 2, 0},
                             {18, 33, 2, 3, 1, 0},
                             {32, 64, 11, 1, 5, 0},
                             {5, 17, 7, 1, 1, 0}}) {
    for (const int64_t rows : {1, 2, 5, 6, 12, 13, 31}) {
      const int64_t read = (rows - 1) * shape.stride + (shape.taps - 1) * shape.dilation + 1;
      const at::Tensor x = noise({read, shape.inputs}, 2);
      const at::Tensor bias = noise({shape.outputs}, 3);
      const PackedConv layer = pack_convolution(weight_of(shape), bias);
      const at::Tensor y = at::full({rows, shape.outputs}, -7.0F);
      const ConvArgs args{data<float>(x),    shape.stride * shape.inputs,
                          shape.taps,        shape.dilation * shape.inputs,
                          shape.inputs,      data<float>(layer.weight),
                          data<float>(bias), shape.outputs,
                          data<float>(y),    shape.outputs};
      for (int64_t panel = 0; panel * kConvPanel < shape.outputs; ++panel) {
        kernels(GetParam()).conv(args, panel, 0, rows);
      }
      ASSERT_LE(max_abs(y, expected(shape, x, bias, rows)), tolerance(shape))
          << shape.outputs << " outputs, " << rows << " rows";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, ConvKernel,
                         ::testing::Values(Isa::kPortable, Isa::kAvx2, Isa::kAvx512));

TEST(Convolve, SeesZerosAround) {
  for (const Shape& shape : {Shape{18, 64, 3, 1, 1, 1},
                             {8, 40, 11, 1, 5, 25},
                             {18, 24, 30, 15, 1, 7},
                             {6, 16, 6, 3, 1, 1},
                             {9, 1, 1, 1, 1, 0},
                             {4, 8, 2, 1, 1, 0},
                             {4, 8, 3, 1, 1, 2}}) {
    for (const int64_t frames : {1, 2, 15, 30, 131, 400}) {
      const int64_t made = (frames + shape.stride - 1) / shape.stride;
      const at::Tensor x = noise({frames, shape.inputs}, 2);
      const at::Tensor bias = noise({shape.outputs}, 3);
      ASSERT_LE(max_abs(convolved(shape, x, bias, made), expected(shape, x, bias, made)),
                tolerance(shape))
          << shape.taps << " taps, " << frames << " frames";
    }
  }
}

TEST(Convolve, AFrameHasItsBitsAtAnyLengthAndPlaceAndByAnyThreads) {
  const Shape shape{64, 48, 7, 1, 3, 9};
  const at::Tensor x = noise({700, 64}, 2), bias = noise({48}, 3);
  const at::Tensor whole = convolved(shape, x, bias, 700);
  const int threads = at::get_num_threads();
  for (const int count : {1, 2, 5}) {
    at::set_num_threads(count);
    EXPECT_TRUE(at::equal(convolved(shape, x, bias, 700), whole)) << count;
    for (const int64_t first : {0, 1, 37, 96, 600}) {
      const int64_t frames = std::min<int64_t>(85, 700 - first);
      const at::Tensor part = convolved(shape, x.narrow(0, first, frames), bias, frames);
      const int64_t skip = first == 0 ? 0 : 9;
      EXPECT_TRUE(at::equal(part.narrow(0, skip, frames - skip - 9),
                            whole.narrow(0, first + skip, frames - skip - 9)))
          << first;
    }
  }
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace chatterbox::nn::cpu
