// The kernels of a decode step for CUDA, run on the host, against at:: operators.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "nn/attention.h"
#include "nn/cuda/decode_attention_kernel.h"
#include "nn/cuda/gated_kernel.h"
#include "nn/cuda/rope_cache_kernel.h"
#include "nn/host_launch.h"
#include "nn/rope.h"
#include "support/tensors.h"

namespace chatterbox::nn::cuda {
namespace {

using testing::kThreadOrders;
using testing::launch_on_host;
using testing::max_abs;
using testing::noise;

constexpr int64_t kHeads = 3;
constexpr int64_t kCapacity = 400;

template <class T>
constexpr c10::ScalarType scalar_type = std::is_same_v<T, float> ? at::kFloat : at::kBFloat16;

// Rows with one chunk and with four, at its first and last position, of a cache full of NaN beyond
// them.
template <class T, class Cached>
struct Step {
  std::vector<int64_t> rows = {4, 0, 2, 1, 3, 5};
  std::vector<int64_t> positions = {70, 0, 399, 127, 128, 300};
  RopeTable rope = llama3_rope(kCapacity, c10::kCPU);
  at::Tensor qkv = noise({6, 3, kHeads, 64}, 1).to(scalar_type<T>);
  at::Tensor cache = noise({6, 2, kHeads, kCapacity, 64}, 4).to(scalar_type<Cached>);
  at::Tensor workspace, out;

  Step() {
    for (size_t i = 0; i < rows.size(); ++i) {
      cache[rows[i]]
          .narrow(2, positions[i], kCapacity - positions[i])
          .fill_(std::numeric_limits<double>::quiet_NaN());
    }
  }

  DecodeStep arguments() {
    const int count = static_cast<int>(rows.size());
    workspace = at::full({workspace_floats(count, kHeads, kCapacity)},
                         std::numeric_limits<float>::quiet_NaN());
    out = at::empty({count, kHeads * 64}, qkv.options());
    const bool rotated = rope.cos.defined();
    return {count,
            kHeads,
            qkv.data_ptr(),
            rows.data(),
            positions.data(),
            rotated ? rope.cos.const_data_ptr<float>() : nullptr,
            rotated ? rope.sin.const_data_ptr<float>() : nullptr,
            cache.data_ptr(),
            kCapacity,
            kCapacity,
            workspace.mutable_data_ptr<float>(),
            out.data_ptr()};
  }

  void run(testing::ThreadOrder order = testing::ThreadOrder::kForward) {
    const DecodeStep step = arguments();
    launch_on_host<RopeCache<T, Cached>>(step, order);
    launch_on_host<AttendChunk<T, Cached>>(step, order);
    launch_on_host<JoinChunks<T>>(step, order);
  }
};

// The same by at:: operators in fp32, of what the step was given.
struct Expected {
  at::Tensor qkv, cache, out;

  template <class T, class Cached>
  explicit Expected(const Step<T, Cached>& step)
      : qkv(step.qkv.clone().to(at::kFloat)), cache(step.cache.clone().to(at::kFloat)) {
    const at::Tensor positions = at::tensor(step.positions);
    if (step.rope.cos.defined()) {
      const auto angles = [&](const at::Tensor& table) {
        return table.index_select(0, positions).unsqueeze(1).unsqueeze(1);
      };
      const at::Tensor first = qkv.narrow(1, 0, 2);
      first.copy_(apply_rope(first, angles(step.rope.cos), angles(step.rope.sin)));
    }
    const StepSpan span{at::tensor(step.rows), positions, kCapacity};
    out = step_attention(qkv, cache, span, step_view(span, qkv.scalar_type()));
  }
};

TEST(CudaDecodeStep, IsWhatOperatorsMake) {
  Step<float, float> step;
  const Expected expected(step);
  step.run();
  EXPECT_LE(max_abs(step.out, expected.out), 2e-6);
  EXPECT_LE(max_abs(step.qkv.select(1, 0), expected.qkv.select(1, 0)), 1e-6);
  for (size_t i = 0; i < step.rows.size(); ++i) {
    const auto live = [&](const at::Tensor& cache) {
      return cache[step.rows[i]].narrow(2, 0, step.positions[i] + 1);
    };
    EXPECT_LE(max_abs(live(step.cache), live(expected.cache)), 1e-6);
    const at::Tensor beyond = step.cache[step.rows[i]].slice(2, step.positions[i] + 1);
    EXPECT_TRUE(beyond.isnan().all().item<bool>());
  }
}

// Everything is rounded as late as can be: what is left is the rounding of the result, and of what
// the cache keeps.
TEST(CudaDecodeStep, RoundsToBf16Once) {
  Step<Bf16, Bf16> step;
  const Expected expected(step);
  step.run();
  EXPECT_LE(max_abs(step.out, expected.out), 2e-2);
  for (size_t i = 0; i < step.rows.size(); ++i) {
    const auto last = [&](const at::Tensor& cache) {
      return cache[step.rows[i]].select(2, step.positions[i]);
    };
    EXPECT_TRUE(at::equal(last(step.cache), last(expected.cache).to(at::kBFloat16)));
  }
  Step<float, Bf16> mixed;
  const Expected in_fp32(mixed);
  mixed.run();
  EXPECT_LE(max_abs(mixed.out, in_fp32.out), 1e-2);  // the cache rounds the newest position
}

TEST(CudaDecodeStep, WithoutAnglesNothingIsRotated) {
  Step<float, float> step;
  step.rope = {};
  const at::Tensor before = step.qkv.clone();
  const Expected expected(step);
  step.run();
  EXPECT_LE(max_abs(step.out, expected.out), 2e-6);
  EXPECT_TRUE(at::equal(step.qkv, before));
}

TEST(CudaDecodeStep, AnyOrderOfThreadsIsTheSame) {
  Step<float, float> forward, backward;
  forward.run(kThreadOrders[0]);
  backward.run(kThreadOrders[1]);
  EXPECT_TRUE(at::equal(forward.out, backward.out));
}

// A row's bits depend neither on its neighbours nor on how far they are.
TEST(CudaDecodeStep, ARowIsTheRowAlone) {
  Step<float, float> all;
  all.run();
  for (size_t i = 0; i < all.rows.size(); ++i) {
    Step<float, float> alone;
    const auto row = static_cast<int64_t>(i);
    alone.qkv = alone.qkv.narrow(0, row, 1).clone();
    alone.rows = {alone.rows[i]};
    alone.positions = {alone.positions[i]};
    DecodeStep step = alone.arguments();
    step.longest = alone.positions.front() + 1;
    launch_on_host<RopeCache<float, float>>(step);
    launch_on_host<AttendChunk<float, float>>(step);
    launch_on_host<JoinChunks<float>>(step);
    EXPECT_TRUE(at::equal(alone.out[0], all.out[row]));
  }
}

template <class T>
void check_gated(double tolerance) {
  const at::Tensor x = noise({5, 2 * 70}, 3, 3).to(scalar_type<T>);
  const at::Tensor out = at::empty({5, 70}, x.options());
  launch_on_host<GatedKernel<T>>({x.const_data_ptr(), out.data_ptr(), 5, 70});
  const std::vector<at::Tensor> halves = x.to(at::kFloat).chunk(2, 1);
  const at::Tensor expected = at::silu(halves[0]).mul(halves[1]);
  EXPECT_LE(max_abs(out, expected.to(scalar_type<T>)), tolerance);
}

TEST(CudaGated, IsWhatOperatorsMake) {
  check_gated<float>(4e-6);
  check_gated<Bf16>(0.07);  // one unit in the last place of the largest
}

TEST(CudaBf16, RoundsAsLibtorch) {
  const at::Tensor x = at::cat(
      {noise({1000}, 5), noise({1000}, 6, 1e30), noise({100}, 7, 1e-39),
       at::tensor({1.0F + 0x1p-8F, 1.0F + 0x3p-8F, 0.0F, -0.0F}),
       at::tensor({std::numeric_limits<float>::infinity(), std::numeric_limits<float>::max()})});
  const at::Tensor expected = x.to(at::kBFloat16);
  const auto* from = x.const_data_ptr<float>();
  const auto* bits = static_cast<const uint16_t*>(expected.const_data_ptr());
  for (int64_t i = 0; i < x.numel(); ++i) {
    ASSERT_EQ(narrow<Bf16>(from[i]).bits, bits[i]) << from[i];
    ASSERT_EQ(widen(Bf16{bits[i]}), expected[i].item<float>());
  }
  const float none = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(widen(narrow<Bf16>(none)), widen(narrow<Bf16>(none)));
}

}  // namespace
}  // namespace chatterbox::nn::cuda
