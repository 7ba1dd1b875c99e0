// The layers of HiFT by hand.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "s3gen/frame_conv.h"
#include "s3gen/frame_mask.h"
#include "s3gen/snake.h"
#include "s3gen/snake_kernel.h"

namespace chatterbox::s3gen {
namespace {

nn::WeightReader reader_of(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::vector<checkpoint::TensorEntry> entries;
  for (const auto& [name, tensor] : tensors) {
    entries.push_back({name, checkpoint::DType::kFloat32, tensor.sizes().vec(),
                       tensor.const_data_ptr(), tensor.nbytes()});
  }
  const std::string path = ::testing::TempDir() + "hift_layers_test.safetensors";
  checkpoint::write_safetensors(path, entries);
  return {checkpoint::open_safetensors(path), {}};
}

TEST(FrameConv, WeightNormIsFoldedOverAllButTheFirstAxis) {
  const at::Tensor norm = at::tensor({10.0F, 26.0F}).view({2, 1, 1});
  // The norms of the two filters are 5 (3, 4) and 13 (3, 4, 12).
  const at::Tensor direction =
      at::tensor({3.0F, 0.0F, 4.0F, 0.0F, 0.0F, 0.0F, 3.0F, 0.0F, 0.0F, 4.0F, 0.0F, 12.0F})
          .view({2, 2, 3});
  const nn::WeightReader reader = reader_of({{"c.parametrizations.weight.original0", norm},
                                             {"c.parametrizations.weight.original1", direction},
                                             {"c.bias", at::tensor({1.0F, 2.0F})}});
  const FrameConv layer = read_weight_norm_conv(reader.scope("c"), 2, 3);
  reader.finish();
  EXPECT_TRUE(at::allclose(layer.weight.squeeze(2), direction.mul(2)));
  EXPECT_EQ(layer.padding, 3);  // kernel 3, dilation 3
  EXPECT_EQ(layer.dilation, 3);
}

TEST(FrameConv, EqualsTheOneDimensionalConvolutions) {
  const at::Tensor x = at::arange(2 * 3 * 7, at::kFloat).sin().view({2, 3, 7});
  FrameConv layer;
  const at::Tensor weight = at::arange(4 * 3 * 3, at::kFloat).cos().view({4, 3, 3});
  layer.weight = to_frames(weight);
  layer.bias = at::arange(4, at::kFloat);
  layer.padding = 2;
  layer.dilation = 2;
  const at::Tensor y = conv(layer, to_frames(x)).squeeze(2);
  EXPECT_TRUE(
      at::allclose(y, at::conv1d(x, weight, layer.bias, 1, at::IntArrayRef(2), 2), 1e-5, 1e-5));
  pack_for_kernels(layer);
  EXPECT_TRUE(at::allclose(conv(layer, to_frames(x)).squeeze(2), y, 1e-5, 1e-5));

  FrameConvTranspose up;
  const at::Tensor up_weight = at::arange(3 * 2 * 7, at::kFloat).cos().view({3, 2, 7});
  up.weight = to_frames(up_weight);
  up.bias = at::arange(2, at::kFloat);
  up.stride = 3;
  up.padding = 2;
  const at::Tensor z = conv_transpose(up, to_frames(x)).squeeze(2);
  ASSERT_EQ(z.sizes(), at::IntArrayRef({2, 2, 21}));
  EXPECT_TRUE(at::allclose(z, at::conv_transpose1d(x, up_weight, up.bias, 3, 2), 1e-5, 1e-5));
  pack_for_kernels(up);
  EXPECT_TRUE(at::allclose(conv_transpose(up, to_frames(x)).squeeze(2), z, 1e-5, 1e-5));
}

TEST(FrameMask, ZeroesWhatIsBeyondEachRow) {
  const FrameMask mask = make_frame_mask({2, 3}, c10::kCPU);
  const at::Tensor x = zero_padding(at::ones({2, 1, 1, 3}), mask);
  EXPECT_TRUE(
      at::equal(x.view({2, 3}), at::tensor({1.0F, 1.0F, 0.0F, 1.0F, 1.0F, 1.0F}).view({2, 3})));
  const FrameMask finer = scaled(mask, 4, 1);
  EXPECT_EQ(finer.lengths, (std::vector<int64_t>{9, 13}));
  EXPECT_EQ(finer.keep.sum().item<float>(), 9 + 13);
  EXPECT_FALSE(make_frame_mask({5, 5}, c10::kCPU).keep.defined());
}

TEST(Snake, EqualsTheFormulaAndClearsThePadding) {
  const nn::WeightReader reader = reader_of({{"alpha", at::tensor({0.0F, 0.5F, 3.0F})}});
  const Snake layer = read_snake(reader, 3);
  const at::Tensor x =
      to_frames(at::linspace(-6, 6, 2 * 3 * 50, at::kFloat).view({2, 50, 3}).transpose(1, 2));
  const at::Tensor y = snake(layer, x, make_frame_mask({50, 20}, c10::kCPU));
  const at::Tensor alpha = layer.alpha.to(at::kDouble).view({1, 3, 1, 1});
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor expected = wide.add(wide.mul(alpha).sin().square().div(alpha.add(1e-9)));
  EXPECT_LE(y[0].sub(expected[0]).abs().max().item<double>(), 2e-6);
  EXPECT_LE(y[1].sub(expected[1]).narrow(2, 0, 20).abs().max().item<double>(), 2e-6);
  EXPECT_EQ(y[1].narrow(2, 20, 30).abs().max().item<float>(), 0.0F);
}

TEST(Snake, KernelIsPreciseForLargeArguments) {
  const float one = 1.0F;
  double worst = 0;
  for (int i = -200000; i <= 200000; ++i) {
    const float x = 0.005F * static_cast<float>(i);  // to 1000
    float y = 0;
    snake_kernel(&x, &one, &one, &y, 1, 1);
    const double sine = std::sin(static_cast<double>(x));
    const double rounding = std::abs(x) * 6e-8;  // of adding x
    worst = std::max(worst, std::abs(y - (x + sine * sine)) - rounding);
  }
  EXPECT_LE(worst, 5e-7);
}

TEST(Snake, NotANumberStaysOne) {
  const float one = 1.0F;
  for (const float x : {std::nanf(""), INFINITY}) {
    float y = 0;
    snake_kernel(&x, &one, &one, &y, 1, 1);
    EXPECT_TRUE(std::isnan(y)) << x;
  }
}

}  // namespace
}  // namespace chatterbox::s3gen
