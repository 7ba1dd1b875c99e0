// The time of small parts: micro_bench [--benchmark_filter=REGEX]. Layers have the official sizes
// and random weights; whole models are the synthetic model. As many threads share a tensor's work
// as OMP_NUM_THREADS says.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <vector>

#include "checkpoint/safetensors.h"
#include "nn/attention.h"
#include "nn/cpu/int8.h"
#include "nn/linear.h"
#include "nn/weight_reader.h"
#include "s3gen/frame_conv.h"
#include "s3gen/s3gen.h"
#include "s3gen/snake_kernel.h"
#include "s3gen/transformer_block.h"
#include "support/synthetic/synthetic.h"

namespace chatterbox {
namespace {

using testing::SyntheticSize;

at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kFloat) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  return at::randn(shape, generator, at::TensorOptions(at::kFloat)).mul_(0.05).to(type);
}

// So many weights that they come from memory, as in a decode step, and not from a cache.
std::vector<nn::Linear> random_layers(int64_t out, int64_t in, const nn::Placement& placement) {
  constexpr int64_t kWeights = 128 << 20;
  const at::ScalarType type = nn::linear_source(placement).dtype;
  std::vector<nn::Linear> layers;
  for (int64_t n = 0; n < kWeights; n += out * in) {
    layers.push_back(nn::make_linear(random({out, in}, type), {}, placement));
  }
  return layers;
}

// A layer of T3 at so many rows: 2 is one request with guidance.
void linear(benchmark::State& state, const nn::Placement& placement) {
  const c10::InferenceMode inference_mode;
  const int64_t out = state.range(1);
  const int64_t in = state.range(2);
  const std::vector<nn::Linear> layers = random_layers(out, in, placement);
  const at::Tensor x = random({state.range(0), in});
  size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(nn::linear(x, layers[next]));
    next = (next + 1) % layers.size();
  }
  const auto bytes = static_cast<int64_t>(placement.int8 ? 1 : c10::elementSize(placement.dtype));
  state.SetBytesProcessed(state.iterations() * out * in * bytes);
  if (placement.int8) state.SetLabel(nn::cpu::name(nn::cpu::int8_isa()));
}
void linear_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "out", "in"})->Unit(benchmark::kMicrosecond)->UseRealTime();
  for (const int64_t rows : {1, 2, 16, 32, 128}) {
    benchmark->Args({rows, 1024, 1024})->Args({rows, 4096, 1024})->Args({rows, 1024, 4096});
  }
}
const nn::Placement kBf16{c10::kCPU, at::kBFloat16};
const nn::Placement kInt8{c10::kCPU, at::kBFloat16, true};
BENCHMARK_CAPTURE(linear, fp32, nn::Placement{})->Apply(linear_shapes);
BENCHMARK_CAPTURE(linear, bf16, kBf16)->Apply(linear_shapes);
BENCHMARK_CAPTURE(linear, int8, kInt8)->Apply(linear_shapes);

// One layer's attention in a decode step, two rows, with so many positions before it.
void cached_attention(benchmark::State& state) {
  const c10::InferenceMode inference_mode;
  constexpr int64_t kHeads = 16;
  const int64_t position = state.range(0);
  const at::Tensor q = random({2, kHeads * 64});
  const at::Tensor angles = random({position + 1, 32});
  const at::Tensor cache = random({2, kHeads, position + 1, 64});
  const at::Tensor values = cache.clone();
  const std::vector<int64_t> rows = {0, 1};
  const std::vector<int64_t> positions = {position, position};
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(
        nn::cached_attention({q, q, q, angles, angles, cache, values, rows, positions}));
  }
}
BENCHMARK(cached_attention)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();

// A transformer block of the flow's estimator, two rows, so many mel frames.
void flow_block(benchmark::State& state) {
  const c10::InferenceMode inference_mode;
  constexpr int64_t kSize = 256;
  constexpr int64_t kInner = 512;
  constexpr int64_t kFeedForward = 1024;
  const nn::LayerNorm norm = {random({kSize}), random({kSize})};
  const auto layer = [](int64_t out, int64_t in) {
    return nn::make_linear(random({out, in}), random({out}), {});
  };
  const s3gen::TransformerBlock block = {
      norm, layer(3 * kInner, kSize),   layer(kSize, kInner),
      norm, layer(kFeedForward, kSize), layer(kSize, kFeedForward)};
  const at::Tensor x = random({2, state.range(0), kSize});
  for ([[maybe_unused]] auto _ : state) {
    at::Tensor y = x.clone();
    s3gen::FrameHistory none;
    s3gen::transform(block, y, {}, none);
    benchmark::DoNotOptimize(y);
  }
}
BENCHMARK(flow_block)->Arg(200)->Arg(1000)->Unit(benchmark::kMillisecond)->UseRealTime();

// A convolution of the vocoder's residual blocks, for one second of sound.
void vocoder_conv(benchmark::State& state) {
  const c10::InferenceMode inference_mode;
  const int64_t channels = state.range(0);
  const int64_t kernel = state.range(2);
  s3gen::FrameConv layer;
  layer.weight = s3gen::to_frames(random({channels, channels, kernel}));
  layer.bias = random({channels});
  layer.padding = kernel / 2;
  const at::Tensor x = s3gen::to_frames(random({1, channels, state.range(1)}));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(s3gen::conv(layer, x));
}
BENCHMARK(vocoder_conv)
    ->ArgNames({"channels", "frames", "kernel"})
    ->Args({256, 400, 11})
    ->Args({128, 2000, 7})
    ->Args({64, 6001, 3})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void open_safetensors(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "chatterbox_micro_bench.safetensors";
  const auto model = testing::make_synthetic("s3gen", SyntheticSize::kTiny);
  checkpoint::write_safetensors(path.string(), model->entries());
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(checkpoint::open_safetensors(path.string()));
  }
  state.counters["tensors"] = static_cast<double>(model->entries().size());
  std::filesystem::remove(path);
}
BENCHMARK(open_safetensors)->Unit(benchmark::kMicrosecond);

void snake(benchmark::State& state) {
  const int64_t channels = 64;
  const int64_t frames = state.range(0);
  const std::vector<float> ones(static_cast<size_t>(channels), 1.0F);
  const std::vector<float> x(static_cast<size_t>(frames * channels), 0.7F);
  std::vector<float> y(x.size());
  for ([[maybe_unused]] auto _ : state) {
    s3gen::snake_kernel(x.data(), ones.data(), ones.data(), y.data(), frames, channels);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * frames * channels);
}
BENCHMARK(snake)->Arg(64)->Arg(6000);

// One row of so many mel frames, 50 a second.
void mel_to_wave(benchmark::State& state) {
  const c10::InferenceMode inference_mode;
  const nn::WeightReader reader(testing::make_synthetic("s3gen", SyntheticSize::kTiny), {});
  const auto vocoder = s3gen::load_vocoder(reader);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  const at::Tensor mel = at::randn({80, state.range(0)}, generator, at::TensorOptions(at::kFloat));
  for ([[maybe_unused]] auto _ : state) {
    std::vector<s3gen::VocoderRow> rows = {{mel, generator, {}}};
    benchmark::DoNotOptimize(s3gen::mel_to_wave(*vocoder, rows));
  }
  state.counters["audio_s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)) / 50, benchmark::Counter::kIsRate);
}
BENCHMARK(mel_to_wave)->Arg(50)->Arg(500)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace chatterbox
