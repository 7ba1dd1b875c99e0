// The own kernels on the GPU, against their own bodies run on the host.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "nn/cuda/decode_attention_kernel.h"
#include "nn/cuda/gated_kernel.h"
#include "nn/cuda/rope_cache_kernel.h"
#include "nn/cuda/sampler_kernel.h"
#include "nn/cuda/snake_kernel.h"
#include "nn/device_kernels.h"
#include "nn/host_launch.h"
#include "nn/rope.h"
#include "nn/sampler_lists.h"
#include "support/tensors.h"

namespace chatterbox::nn::cuda {
namespace {

using testing::launch_on_host;
using testing::max_abs;
using testing::noise;
using testing::seeded;

const c10::Device kGpu{c10::kCUDA, 0};

class GpuKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (device_kernels(kGpu) == nullptr) {
      GTEST_SKIP() << "this build has no own kernels for CUDA (CHATTERBOX_CUDA=ON and nvcc)";
    }
  }
  static const Kernels& kernels() { return *device_kernels(kGpu); }
  static Stream stream() { return stream_of(kGpu); }
};

// A decode step's tensors, on the host or the device.
struct StepTensors {
  at::Tensor qkv, rows, positions, cos, sin, cache, workspace, out;

  [[nodiscard]] StepTensors on_gpu() const {
    return {qkv.to(kGpu), rows.to(kGpu),  positions.to(kGpu), cos.to(kGpu),
            sin.to(kGpu), cache.to(kGpu), workspace.to(kGpu), out.to(kGpu)};
  }
  [[nodiscard]] DecodeStep arguments() const {
    return {static_cast<int>(qkv.size(0)),
            static_cast<int>(qkv.size(2)),
            qkv.data_ptr(),
            rows.const_data_ptr<int64_t>(),
            positions.const_data_ptr<int64_t>(),
            cos.const_data_ptr<float>(),
            sin.const_data_ptr<float>(),
            cache.data_ptr(),
            cache.size(3),
            cache.size(3),
            workspace.mutable_data_ptr<float>(),
            out.data_ptr()};
  }
};

StepTensors step_of(c10::ScalarType type) {
  constexpr int64_t kRows = 5, kHeads = 4, kCapacity = 700;
  const RopeTable rope = llama3_rope(kCapacity, c10::kCPU);
  return {noise({kRows, 3, kHeads, 64}, 1).to(type),
          at::tensor({4, 0, 2, 1, 3}, at::kLong),
          at::tensor({0, 127, 128, 500, 699}, at::kLong),
          rope.cos,
          rope.sin,
          noise({kRows, 2, kHeads, kCapacity, 64}, 2).to(type),
          at::zeros({workspace_floats(kRows, kHeads, kCapacity)}),
          at::zeros({kRows, kHeads * 64}, at::TensorOptions(type))};
}

template <class T>
void check_step(const Kernels& kernels, Stream stream, double tolerance) {
  const StepTensors host = step_of(std::is_same_v<T, float> ? at::kFloat : at::kBFloat16);
  const StepTensors gpu = host.on_gpu();
  launch_on_host<RopeCache<T, T>>(host.arguments());
  launch_on_host<AttendChunk<T, T>>(host.arguments());
  launch_on_host<JoinChunks<T>>(host.arguments());
  const Type type = type_of(gpu.qkv);
  check_launch(kernels.rope_and_cache(gpu.arguments(), type, type, stream), "rope_and_cache");
  check_launch(kernels.decode_attention(gpu.arguments(), type, type, stream), "decode_attention");
  EXPECT_LE(max_abs(gpu.qkv.cpu(), host.qkv), tolerance);
  EXPECT_LE(max_abs(gpu.cache.cpu(), host.cache), tolerance);
  EXPECT_LE(max_abs(gpu.out.cpu(), host.out), tolerance);
}

TEST_F(GpuKernels, DecodeStep) {
  check_step<float>(kernels(), stream(), 2e-6);
  check_step<Bf16>(kernels(), stream(), 3e-2);  // one unit in the last place
}

TEST_F(GpuKernels, Gated) {
  const at::Tensor x = noise({9, 2 * 333}, 3, 3);
  const at::Tensor out = at::empty({9, 333});
  launch_on_host<GatedKernel<float>>({x.const_data_ptr(), out.data_ptr(), 9, 333});
  const at::Tensor there = x.to(kGpu), made = out.to(kGpu).zero_();
  check_launch(
      kernels().gated({there.const_data_ptr(), made.data_ptr(), 9, 333}, Type::kFloat, stream()),
      "gated");
  EXPECT_LE(max_abs(made.cpu(), out), 4e-6);
}

TEST_F(GpuKernels, Snake) {
  for (const int64_t channels : {64, 7}) {
    const at::Tensor x = noise({3, 50, channels}, 4, 20), alpha = noise({channels}, 5).abs();
    const at::Tensor inverse = alpha.add(1e-3).reciprocal(), out = at::empty_like(x);
    const at::Tensor keep = at::arange(50).lt(at::tensor({50, 20, 1}).unsqueeze(1)).to(at::kFloat);
    const auto arguments = [&](const at::Tensor& in, const at::Tensor& a, const at::Tensor& i,
                               const at::Tensor& k, const at::Tensor& to) {
      return cuda::Snake{in.const_data_ptr<float>(),
                         a.const_data_ptr<float>(),
                         i.const_data_ptr<float>(),
                         k.const_data_ptr<float>(),
                         to.mutable_data_ptr<float>(),
                         3,
                         50,
                         channels};
    };
    launch_on_host<SnakeKernel<1>>(arguments(x, alpha, inverse, keep, out));
    const at::Tensor in = x.to(kGpu), a = alpha.to(kGpu), i = inverse.to(kGpu), k = keep.to(kGpu);
    const at::Tensor made = at::empty_like(in);
    check_launch(kernels().snake(arguments(in, a, i, k, made), stream()), "snake");
    EXPECT_LE(max_abs(made.cpu(), out), 2e-5);
  }
}

// The same tokens, and the same marks.
TEST_F(GpuKernels, Sampler) {
  constexpr int64_t kCount = 64, kIds = 8194;
  const at::Tensor logits = noise({2 * kCount, kIds}, 6, 4);
  const at::Tensor seen = noise({2 * kCount, kIds}, 7).gt(1).to(at::kByte);
  const at::Tensor exponentials = at::empty({kCount, kIds}).exponential_(1, seeded(8));
  std::vector<testing::SamplerRow> rows;
  for (int64_t i = 0; i < kCount; ++i) {
    testing::SamplerRow& row = rows.emplace_back();
    row.conditional = 2 * i;
    row.unconditional = 2 * i + 1;
    row.guidance = 0.5F;
    row.repetition_penalty = 1.2F;
    row.temperature = i % 5 == 0 ? 0 : 0.8F;
    row.min_p = i % 3 == 0 ? 0 : 0.05F;
    row.top_p = i % 2 == 0 ? 1 : 0.9F;
    row.top_k = i % 7 == 0 ? 50 : 0;
  }
  const testing::SamplerLists host(rows), gpu(rows, kGpu);
  for (const bool penalise_last : {false, true}) {
    const at::Tensor tokens = at::zeros({kCount}, at::kLong), finite = at::zeros({kCount});
    const at::Tensor l = logits.to(kGpu), s = seen.to(kGpu), e = exponentials.to(kGpu),
                     t = tokens.to(kGpu), f = finite.to(kGpu);
    const auto there = gpu.arguments(l, s, e, t, f, penalise_last);
    check_launch(kernels().sample(there, stream()), "sample");
    check_launch(kernels().mark_drawn(there, stream()), "mark_drawn");
    const auto here = host.arguments(logits, seen, exponentials, tokens, finite, penalise_last);
    launch_on_host<SamplerKernel>(here);
    launch_on_host<MarkDrawnKernel>(here);
    EXPECT_TRUE(at::equal(t.cpu(), tokens));
    EXPECT_TRUE(at::equal(f.cpu(), finite));
    EXPECT_TRUE(at::equal(s.cpu(), seen));
  }
}

}  // namespace
}  // namespace chatterbox::nn::cuda
