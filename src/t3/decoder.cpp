#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/tensor.h>

#include <map>

#include "nn/emit.h"
#include "support/error.h"
#include "t3/batch_generation_state.h"
#include "t3/model.h"
#include "t3/t3.h"

namespace chatterbox::t3 {
namespace {

constexpr size_t kLogitsForSink = 3;  // t3.logits0 to t3.logits2

void emit_logits(const TensorSink& sink, size_t step, const at::Tensor& logits) {
  if (step < kLogitsForSink) nn::emit(sink, "t3.logits" + std::to_string(step), logits);
}

}  // namespace

void check_heads(const Model& model, const AlignmentThresholds& thresholds) {
  const Llama& llama = model.llama();
  const auto layers = static_cast<int64_t>(llama.layers.size());
  for (const auto [layer, head] : thresholds.heads) {
    if (layer < 0 || layer >= layers || head < 0 || head >= llama.heads()) {
      fail(Status::kInvalidArgument,
           "the model has no head {} in layer {} to analyze: it has {} layers of {} heads", head,
           layer, layers, llama.heads());
    }
  }
}

struct Decoder::Impl {
  Impl(std::shared_ptr<const Model> t3_model, int64_t rows, int64_t positions)
      : model(std::move(t3_model)),
        cache(static_cast<int64_t>(model->llama().layers.size()), model->llama().heads(), rows,
              positions, model->placement()),
        rope(nn::llama3_rope(positions, model->placement().device)),
        state(rows, model->speech_vocabulary()) {}

  struct Held {
    RowLease lease;
    TensorSink sink;
  };

  void check_limits(const SequenceOptions& options) const;
  void check_positions(const SequenceOptions& options, const Prompt& prompt) const;
  [[nodiscard]] std::optional<StreamAnalysis> analysis(const SequenceOptions& options,
                                                       const Prompt& prompt, int64_t row) const;
  void feed_back(const std::vector<int64_t>& ids);
  void feed_back_in_halves(const std::vector<int64_t>& ids);

  std::shared_ptr<const Model> model;
  BatchKVCache cache;
  nn::RopeTable rope;
  BatchGenerationState state;
  std::map<int64_t, Held> held;
};

void Decoder::Impl::check_limits(const SequenceOptions& options) const {
  const Limits limits = model->limits();
  const auto text_tokens = static_cast<int64_t>(options.text_ids.size()) + 2;
  if (text_tokens > limits.max_text_tokens) {
    fail(Status::kInvalidArgument, "text has {} tokens with start and stop, the limit is {}",
         text_tokens, limits.max_text_tokens);
  }
  if (options.max_new_tokens < 1 || options.max_new_tokens > limits.max_speech_tokens) {
    fail(Status::kInvalidArgument, "max_new_tokens must be in [1, {}], got {}",
         limits.max_speech_tokens, options.max_new_tokens);
  }
}

void Decoder::Impl::check_positions(const SequenceOptions& options, const Prompt& prompt) const {
  const int64_t prompt_length = prompt.shared.size(0) + prompt.tails.size(1);
  const int64_t needed = prompt_length + options.max_new_tokens - 1;  // the last is not fed back
  if (needed > cache.positions()) {
    fail(Status::kInvalidArgument, "the sequence needs {} positions, the cache has {}", needed,
         cache.positions());
  }
}

std::optional<StreamAnalysis> Decoder::Impl::analysis(const SequenceOptions& options,
                                                      const Prompt& prompt, int64_t row) const {
  if (!options.analyze) return std::nullopt;
  check_heads(*model, *options.analyze);
  const auto text_tokens = static_cast<int64_t>(options.text_ids.size()) + 2;
  return StreamAnalysis(*options.analyze, row, {prompt.shared.size(0), text_tokens});
}

Decoder::Decoder(std::shared_ptr<const Model> model, int64_t rows, int64_t positions)
    : impl_(std::make_unique<Impl>(std::move(model), rows, positions)) {}

Decoder::~Decoder() = default;

int64_t Decoder::add(const SequenceOptions& options, const TensorSink& sink) {
  if (options.voice == nullptr) fail(Status::kInvalidArgument, "the sequence has no voice");
  impl_->check_limits(options);
  const bool guided = options.sampling.cfg_weight != 0;
  RowLease lease(impl_->cache, guided ? 2 : 1);
  const std::vector<int64_t> rows = lease.rows();
  const Prompt prompt =
      impl_->model->prompt(*options.voice, options.exaggeration, options.text_ids, guided);
  impl_->check_positions(options, prompt);
  nn::emit(sink, "text.ids", at::tensor(options.text_ids, at::kLong));
  SequenceState sequence;
  sequence.analysis = impl_->analysis(options, prompt, rows.front());
  Probes probes;
  if (sequence.analysis) probes.push_back(&sequence.analysis->probe());
  const at::Tensor hidden =
      prefill(impl_->model->llama(), impl_->rope, prompt, rows, impl_->cache, probes);
  const at::Tensor logits = impl_->model->logits(hidden);
  emit_logits(sink, 0, logits);

  sequence.rows = rows;
  sequence.sampling = options.sampling;
  sequence.max_new_tokens = options.max_new_tokens;
  sequence.generation.generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  impl_->state.set_logits(rows, logits);
  const int64_t id = impl_->state.insert(std::move(sequence));
  impl_->held.emplace(id, Impl::Held{std::move(lease), sink});
  return id;
}

void Decoder::step() {
  impl_->state.draw_tokens();
  const std::vector<int64_t> ids = impl_->state.running();
  if (!ids.empty()) impl_->feed_back_in_halves(ids);
}

// Where memory runs out, or anything else fails, fewer rows at a time give the same, and a sequence
// that fails alone is the one that has failed. Nothing of a pass that failed counts: what it wrote
// into the cache is written again.
void Decoder::Impl::feed_back_in_halves(const std::vector<int64_t>& ids) {
  try {
    feed_back(ids);
  } catch (...) {
    if (ids.size() == 1) return state.end_with(std::current_exception(), ids.front());
    const auto half = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    feed_back_in_halves({ids.begin(), half});
    feed_back_in_halves({half, ids.end()});
  }
}

// Token i, counted from 0, stands at speech position i + 1: position 0 is the start of speech.
void Decoder::Impl::feed_back(const std::vector<int64_t>& ids) {
  std::vector<int64_t> rows, tokens, positions;
  for (const int64_t id : ids) {
    const SequenceState& sequence = state.at(id);
    for (const int64_t row : sequence.rows) {
      rows.push_back(row);
      tokens.push_back(sequence.generation.tokens.back());
      positions.push_back(static_cast<int64_t>(sequence.generation.tokens.size()));
    }
  }
  const at::Tensor x = model->embed_speech(tokens, positions);
  const at::Tensor hidden = decode(model->llama(), rope, x, rows, cache, state.probes(ids));
  const at::Tensor logits = model->logits(hidden);
  state.set_logits(rows, logits);
  int64_t first = 0;
  for (const int64_t id : ids) {
    const SequenceState& sequence = state.at(id);
    const auto count = static_cast<int64_t>(sequence.rows.size());
    state.count_decode_step(id);
    try {
      emit_logits(held.at(id).sink, sequence.generation.tokens.size(),
                  logits.narrow(0, first, count));
    } catch (...) {  // the pass is done, and only this sequence's receiver is at fault
      state.end_with(std::current_exception(), id);
    }
    first += count;
  }
}

bool Decoder::finished(int64_t id) const { return !impl_->state.at(id).running(); }

const Generation& Decoder::generation(int64_t id) const {
  const SequenceState& sequence = impl_->state.at(id);
  if (sequence.failure) std::rethrow_exception(sequence.failure);
  return sequence.generation;
}

void Decoder::remove(int64_t id) {
  impl_->state.erase(id);
  impl_->held.erase(id);
}

int64_t Decoder::cache_bytes() const { return impl_->cache.bytes(); }

}  // namespace chatterbox::t3
