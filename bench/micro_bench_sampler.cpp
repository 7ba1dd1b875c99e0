// A decode step's last part: from the logits of all running sequences to a token of each.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <limits>
#include <utility>

#include "t3/batch_generation_state.h"
#include "t3/special_tokens.h"

namespace chatterbox {
namespace {

constexpr int64_t kVocabulary = 8194;

// So many sequences, each with guidance: two rows of logits.
void draw_tokens(benchmark::State& state, float top_p) {
  const c10::InferenceMode inference_mode;
  const int64_t count = state.range(0);
  t3::BatchGenerationState batch(2 * count, kVocabulary);
  for (int64_t i = 0; i < count; ++i) {
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(i));
    t3::SequenceState sequence;
    sequence.rows = {2 * i, 2 * i + 1};
    sequence.sampling.top_p = top_p;
    sequence.max_new_tokens = std::numeric_limits<int64_t>::max();
    sequence.generation.generator = generator;
    const at::Tensor logits =
        at::randn({2, kVocabulary}, generator, at::TensorOptions(at::kFloat)).mul_(2);
    logits.select(1, t3::kStopSpeech).fill_(-1e4);  // never drawn: all go on
    batch.start(batch.insert(std::move(sequence)), logits);
  }
  for ([[maybe_unused]] auto _ : state) batch.draw_tokens();
  state.SetItemsProcessed(state.iterations() * count);
}
void sequences(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("sequences")->Arg(1)->Arg(8)->Arg(16)->Unit(benchmark::kMicrosecond);
  benchmark->UseRealTime();
}
BENCHMARK_CAPTURE(draw_tokens, defaults, 1.0F)->Apply(sequences);
BENCHMARK_CAPTURE(draw_tokens, top_p, 0.95F)->Apply(sequences);

}  // namespace
}  // namespace chatterbox
