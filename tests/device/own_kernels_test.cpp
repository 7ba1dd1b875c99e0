// The own kernels on the stand-in device, in place of at:: operators: against those, and against
// the reference's goldens.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "device/device_options.h"
#include "device/emulated_kernels.h"
#include "nn/attention.h"
#include "nn/own_step.h"
#include "runtime/machines_golden.h"
#include "support/tensors.h"

namespace chatterbox::testing {
namespace {

// A step of three rows, the last two of one: it is filled up.
void check_step(c10::ScalarType type, bool rotated, double tolerance) {
  constexpr int64_t kHeads = 2, kCapacity = 200;
  const c10::Device device = tested_device();
  const at::Tensor qkv = noise({3, 3, kHeads, 64}, 1).to(type).to(device);
  qkv[2].copy_(qkv[1]);
  const at::Tensor cache = noise({4, 2, kHeads, kCapacity, 64}, 2).to(type).to(device);
  const nn::StepSpan span{at::tensor({3, 1, 1}, at::kLong).to(device),
                          at::tensor({150, 3, 3}, at::kLong).to(device), kCapacity};
  const nn::RopeTable rope = rotated ? nn::llama3_rope(kCapacity, device) : nn::RopeTable{};

  at::Tensor expected_qkv = qkv.clone(), expected_cache = cache.clone();
  if (rotated) {
    const nn::RopeMatrices matrices = nn::rope_matrices(rope, type);
    expected_qkv = expected_qkv.view({9, kHeads, 64})
                       .bmm(nn::rope_matrices_of(matrices, span.positions))
                       .view(qkv.sizes());
  }
  const at::Tensor expected =
      nn::step_attention(expected_qkv, expected_cache, span, nn::step_view(span, type));

  const EmulatedKernels emulated;
  const nn::cuda::Kernels& kernels = *nn::device_kernels(device);
  const DeviceRecording recording;
  const at::Tensor out = nn::rotate_and_attend(kernels, qkv, cache, span, rope);
  EXPECT_EQ(recording.counts().operators, 3) << recording.report();
  EXPECT_LE(max_abs(out.cpu(), expected.cpu()), tolerance);
  EXPECT_LE(max_abs(qkv.select(1, 0).cpu(), expected_qkv.select(1, 0).cpu()), tolerance);
  EXPECT_LE(max_abs(cache.cpu(), expected_cache.cpu()), tolerance);
  const at::Tensor gate_up = out.view({3, 2 * 64});
  const std::vector<at::Tensor> halves = gate_up.chunk(2, -1);
  EXPECT_LE(max_abs(nn::gated(kernels, gate_up).cpu(), at::silu(halves[0]).mul(halves[1]).cpu()),
            tolerance);
}

TEST(OwnKernels, AStepIsWhatOperatorsMake) {
  const c10::InferenceMode inference_mode;
  check_step(at::kFloat, true, 2e-6);
  check_step(at::kFloat, false, 2e-6);
  check_step(at::kBFloat16, true, 0.05);
}

TEST(OwnKernels, EnglishEqualsTheReference) {
  const EmulatedKernels kernels;
  const CheckpointFolder folder;
  Machines machines(device_options(folder.path()));
  expect_equals_reference(machines, "en_tiny_default");
}

TEST(OwnKernels, TurboEqualsTheReference) {
  const EmulatedKernels kernels;
  const CheckpointFolder folder({"t3_turbo_v1", "s3gen_meanflow", "ve"}, "turbo");
  Machines machines(device_options(folder.path()));
  expect_equals_reference(machines, "turbo_tiny_short");
}

}  // namespace
}  // namespace chatterbox::testing
