// The time of small parts, on the demo model: micro_bench [--benchmark_filter=REGEX]. The tensors'
// work is shared by as many threads as OMP_NUM_THREADS says.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/synthetic.h"
#include "nn/weight_reader.h"
#include "s3gen/s3gen.h"
#include "s3gen/snake_kernel.h"

namespace chatterbox {
namespace {

using checkpoint::SyntheticSize;

void open_safetensors(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "chatterbox_micro_bench.safetensors";
  const auto model = checkpoint::make_synthetic("s3gen", SyntheticSize::kTiny);
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
  const nn::WeightReader reader(checkpoint::make_synthetic("s3gen", SyntheticSize::kTiny), {});
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
