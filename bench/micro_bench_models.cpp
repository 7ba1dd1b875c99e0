// One step of each of the two models that take nearly all of the time, at the official sizes.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <optional>
#include <vector>

#include "s3gen/estimator.h"
#include "support/synthetic/synthetic.h"
#include "t3/llama.h"

namespace chatterbox {
namespace {

at::Tensor random(at::IntArrayRef shape, double scale) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  return at::randn(shape, generator, at::TensorOptions(at::kFloat)).mul_(scale);
}

constexpr int64_t kSize = 1024;
constexpr int64_t kHeads = 16;
// Of the official 30. These have 128 MiB in int8, so that a step reads them from memory as the
// whole model.
constexpr int64_t kLayers = 8;

t3::LlamaWeights random_llama(const nn::Placement& placement) {
  constexpr int64_t kFeedForward = 4096;
  const at::ScalarType type = nn::linear_source(placement).dtype;
  const auto layer = [&](int64_t out, int64_t in) {
    return nn::make_linear(random({out, in}, 0.02).to(type), {}, placement);
  };
  t3::LlamaWeights llama;
  llama.norm = random({kSize}, 1);
  for (int64_t i = 0; i < kLayers; ++i) {
    t3::LlamaLayer& l = llama.layers.emplace_back();
    for (at::Tensor* norm : {&l.input_norm, &l.post_attention_norm}) *norm = random({kSize}, 1);
    for (nn::Linear* projection : {&l.q_proj, &l.k_proj, &l.v_proj, &l.o_proj}) {
      *projection = layer(kSize, kSize);
    }
    for (nn::Linear* inner : {&l.gate_proj, &l.up_proj}) *inner = layer(kFeedForward, kSize);
    l.down_proj = layer(kSize, kFeedForward);
  }
  return llama;
}

// A position for so many rows of the KV cache, two a request with guidance, after 300 others.
void decode_step(benchmark::State& state, const nn::Placement& placement) {
  const c10::InferenceMode inference_mode;
  constexpr int64_t kPositions = 300;
  static std::optional<t3::Llama> llama;
  static nn::Placement made_for;
  if (!llama || made_for.dtype != placement.dtype || made_for.int8 != placement.int8) {
    llama.emplace(random_llama(placement), kPositions + 1);
    made_for = placement;
  }
  const int64_t count = state.range(0);
  t3::BatchKVCache cache(kLayers, kHeads, count, kPositions + 1, placement);
  const std::vector<int64_t> rows = cache.take(count);
  const at::Tensor x = random({count, kSize}, 1);
  for ([[maybe_unused]] auto _ : state) {
    for (const int64_t row : rows) cache.set_length(row, kPositions);
    benchmark::DoNotOptimize(llama->decode(x, rows, cache));
  }
  state.counters["layers"] = kLayers;
  state.SetItemsProcessed(state.iterations() * count);
}
void decode_rows(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("rows")->RangeMultiplier(2)->Range(1, 32)->Unit(benchmark::kMillisecond);
  benchmark->UseRealTime();
}
BENCHMARK_CAPTURE(decode_step, fp32, nn::Placement{})->Apply(decode_rows);
BENCHMARK_CAPTURE(decode_step, bf16, nn::Placement{c10::kCPU, c10::kBFloat16})->Apply(decode_rows);
BENCHMARK_CAPTURE(decode_step, int8, nn::Placement{c10::kCPU, c10::kBFloat16, true})
    ->Apply(decode_rows);

// All of it: the synthetic model's weights have the official names and sizes.
s3gen::Estimator synthetic_estimator(const nn::Placement& placement) {
  const auto file = testing::make_synthetic("s3gen", testing::SyntheticSize::kFull);
  return s3gen::read_estimator(nn::WeightReader(file, placement).scope("flow.decoder.estimator"));
}

// An Euler step of so many requests, each of so many mel frames, prompt included.
void cfm_step(benchmark::State& state, const nn::Placement& placement) {
  const c10::InferenceMode inference_mode;
  constexpr int64_t kMels = 80;
  const s3gen::Estimator estimator = synthetic_estimator(placement);
  const int64_t requests = state.range(0);
  const int64_t frames = state.range(1);
  s3gen::FlowConditions conditions;
  conditions.mu = random({requests, frames, kMels}, 1);
  conditions.speaker = random({requests, kMels}, 1);
  conditions.prompt = random({requests, frames, kMels}, 1);
  conditions.mask = s3gen::make_frame_mask(
      std::vector<int64_t>(static_cast<size_t>(requests), frames), c10::kCPU);
  const s3gen::EstimatorPlan plan = s3gen::plan(estimator, conditions, at::linspace(0, 1, 2));
  const at::Tensor x = random({requests, frames, kMels}, 1);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(s3gen::estimate(estimator, plan, 0, x));
  }
  state.SetItemsProcessed(state.iterations() * requests * frames);
}
void cfm_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"requests", "frames"})->Unit(benchmark::kMillisecond)->UseRealTime();
  benchmark->Args({1, 200})->Args({4, 200})->Args({1, 700})->Args({1, 1000});
}
BENCHMARK_CAPTURE(cfm_step, fp32, nn::Placement{})->Apply(cfm_shapes);
BENCHMARK_CAPTURE(cfm_step, fp32_int8, nn::Placement{c10::kCPU, c10::kFloat, true})
    ->Apply(cfm_shapes);
BENCHMARK_CAPTURE(cfm_step, bf16, nn::Placement{c10::kCPU, c10::kBFloat16})->Apply(cfm_shapes);
BENCHMARK_CAPTURE(cfm_step, bf16_int8, nn::Placement{c10::kCPU, c10::kBFloat16, true})
    ->Apply(cfm_shapes);

}  // namespace
}  // namespace chatterbox
