// S3Gen's stages in fp32 and in bfloat16, and the kernels over frames that the latter runs on
// beside what libtorch has. Of the official sizes; whole models are the synthetic model.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <vector>

#include "nn/attention.h"
#include "nn/cpu/frame_layers.h"
#include "s3gen/s3gen.h"
#include "s3gen/token_encoder.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox {
namespace {

constexpr int64_t kHeads = 8, kRows = 2;  // of the estimator, with guidance

at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kFloat) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  return at::randn(shape, generator, at::TensorOptions(at::kFloat)).to(type);
}

bool skip_without_kernels(benchmark::State& state) {
  if (nn::cpu::frame_kernels() != nullptr) {
    state.SetLabel(nn::cpu::supported(nn::cpu::FrameUnit::kAmx) ? "AMX" : "AVX512-BF16");
    return false;
  }
  state.SkipWithError("this machine does not multiply bfloat16");
  return true;
}

void frames(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("frames")->Unit(benchmark::kMillisecond)->UseRealTime();
  benchmark->Arg(300)->Arg(700)->Arg(1500);
}

void set_attention_flops(benchmark::State& state) {
  const int64_t length = state.range(0);
  const int64_t flops = 4 * nn::cpu::kHeadSize * length * length * kRows * kHeads;
  state.counters["flops"] = benchmark::Counter(static_cast<double>(state.iterations() * flops),
                                               benchmark::Counter::kIsRate);
}

// The kernel for fp32.
void attention_fp32(benchmark::State& state) {
  const c10::InferenceMode inference_mode;
  const at::Tensor qkv = random({kRows, state.range(0), 3 * kHeads * nn::cpu::kHeadSize});
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(nn::self_attention(qkv, {}));
  set_attention_flops(state);
}
BENCHMARK(attention_fp32)->Apply(frames);

void attention_libtorch(benchmark::State& state, at::ScalarType type) {
  const c10::InferenceMode inference_mode;
  const at::Tensor heads = random({3, kRows, kHeads, state.range(0), nn::cpu::kHeadSize}, type);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(at::scaled_dot_product_attention(heads[0], heads[1], heads[2]));
  }
  set_attention_flops(state);
}
BENCHMARK_CAPTURE(attention_libtorch, fp32, at::kFloat)->Apply(frames);
BENCHMARK_CAPTURE(attention_libtorch, bf16, at::kBFloat16)->Apply(frames);

nn::cpu::FrameBuffer random_frames(int64_t rows, int64_t length, int64_t size) {
  nn::cpu::FrameBuffer buffer(rows, length, size, 0);
  const at::Tensor values = random({rows * length, size});
  nn::cpu::frame_kernels()->narrow(values.const_data_ptr<float>(), size, rows * length, size,
                                   buffer.at(0, 0), size);
  return buffer;
}

// The kernel over frames.
void attention_bf16(benchmark::State& state) {
  if (skip_without_kernels(state)) return;
  const c10::InferenceMode inference_mode;
  constexpr int64_t kSize = kHeads * nn::cpu::kHeadSize;
  const int64_t length = state.range(0);
  const nn::cpu::FrameBuffer qkv = random_frames(kRows, length, 3 * kSize);
  const nn::cpu::FrameBuffer out(kRows, length, kSize, 0);
  const std::vector<int64_t> lengths(kRows, length);
  for ([[maybe_unused]] auto _ : state) {
    nn::cpu::self_attention(qkv, lengths, out);
    benchmark::ClobberMemory();
  }
  set_attention_flops(state);
}
BENCHMARK(attention_bf16)->Apply(frames);

// The widest layer of a transformer block, with its activation, by one thread.
void frame_product(benchmark::State& state) {
  if (skip_without_kernels(state)) return;
  const c10::InferenceMode inference_mode;
  constexpr int64_t kDepth = 256, kOutputs = 1024, kCount = nn::cpu::kMaxRange;
  const nn::cpu::FrameLinear layer =
      nn::cpu::pack_linear(random({kOutputs, kDepth}), random({kOutputs}));
  const nn::cpu::FrameBuffer x = random_frames(1, kCount, kDepth);
  const nn::cpu::FrameBuffer y(1, kCount, kOutputs, 0);
  for ([[maybe_unused]] auto _ : state) {
    nn::cpu::frame_kernels()->product_gelu(product_of(layer, x.at(0, 0), kDepth, kCount),
                                           y.at(0, 0), kOutputs);
    benchmark::ClobberMemory();
  }
  state.counters["flops"] =
      benchmark::Counter(static_cast<double>(state.iterations() * 2 * kDepth * kOutputs * kCount),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(frame_product)->Unit(benchmark::kMicrosecond)->UseRealTime();

nn::WeightReader full_s3gen(at::ScalarType type) {
  return {testing::make_synthetic("s3gen", testing::SyntheticSize::kFull), {at::kCPU, type}};
}

// Speech tokens to mu.
void token_encoder(benchmark::State& state, at::ScalarType type) {
  const c10::InferenceMode inference_mode;
  const s3gen::TokenEncoder encoder = s3gen::read_token_encoder(full_s3gen(type).scope("flow"));
  const int64_t tokens = state.range(0);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  const at::Tensor ids = at::randint(6561, {1, tokens}, generator, at::kLong);
  const s3gen::FrameMask mask = s3gen::make_frame_mask({tokens}, c10::kCPU);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(s3gen::encode(encoder, ids, mask));
  }
}
void tokens(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("tokens")->Arg(350)->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK_CAPTURE(token_encoder, fp32, at::kFloat)->Apply(tokens);
BENCHMARK_CAPTURE(token_encoder, bf16, at::kBFloat16)->Apply(tokens);

// Four seconds.
void vocoder(benchmark::State& state, at::ScalarType type) {
  const c10::InferenceMode inference_mode;
  const auto model = s3gen::load_vocoder(full_s3gen(type));
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  const at::Tensor mel = random({80, 200});
  for ([[maybe_unused]] auto _ : state) {
    std::vector<s3gen::VocoderRow> rows = {{mel, generator, {}}};
    benchmark::DoNotOptimize(s3gen::mel_to_wave(*model, rows));
  }
}
BENCHMARK_CAPTURE(vocoder, fp32, at::kFloat)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(vocoder, bf16, at::kBFloat16)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace chatterbox
