#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/tensor.h>

#include <map>
#include <utility>

#include "nn/emit.h"
#include "nn/side_stream.h"
#include "nn/torch_failure.h"
#include "support/error.h"
#include "t3/batch_generation_state.h"
#include "t3/block_loop.h"
#include "t3/device_loop.h"
#include "t3/model.h"
#include "t3/packed_prefill.h"
#include "t3/t3.h"

namespace chatterbox::t3 {

struct Decoder::Impl {
  Impl(std::shared_ptr<const Model> t3_model, int64_t rows, int64_t positions, int64_t prefix_bytes,
       const DeviceUse& use)
      : model(std::move(t3_model)),
        cache(model->make_cache(rows, positions)),
        prefixes(prefix_bytes),
        state(rows, model->limits().speech_vocabulary, model->limits().sampling),
        blocks(*model, cache, state),
        prompts(cache.device()) {
    if (!cache.device().is_cpu() && !model->limits().fills_blocks()) {
      device.emplace(*model, cache, state, use);
    }
  }

  struct Held {
    RowLease lease;
    std::optional<Prefill> prefill;  // until it is done
    at::Tensor logits = {};          // of a prompt that was asked for to its end
    // Where that is, once the sequence's first draw is asked for, too.
    std::optional<nn::SideStream::Mark> end = {};
  };

  void check_positions(const SequenceOptions& options, int64_t prompt) const;
  [[nodiscard]] std::optional<StreamAnalysis> analysis(const SequenceOptions& options,
                                                       int64_t row) const;
  // Asks for the next chunk of a prompt, and after the last one for what comes before a draw.
  void read(int64_t id);
  // The next chunk of a prompt: its logits, once it was the last one.
  [[nodiscard]] at::Tensor next_chunk(int64_t id);
  [[nodiscard]] at::Tensor next_packed_chunk(int64_t id);
  void pass(const std::vector<int64_t>& ids);
  void pass_in_halves(const std::vector<int64_t>& ids);
  void feed_back(const std::vector<int64_t>& ids);

  std::shared_ptr<const Model> model;
  BatchKVCache cache;
  VoicePrefixCache prefixes;
  BatchGenerationState state;
  BlockLoop blocks;                  // of a model that fills blocks
  std::optional<DeviceLoop> device;  // of one that does not, on a device
  std::map<int64_t, Held> held;
  nn::SideStream prompts;  // on a device: beside the steps; the first to go
};

void Decoder::Impl::check_positions(const SequenceOptions& options, int64_t prompt) const {
  const Limits& limits = model->limits();
  const int64_t needed = prompt + limits.speech_positions(options.max_new_tokens);
  if (needed > limits.max_positions) {
    fail(Status::kInvalidArgument, "the sequence needs {} positions, the model has {}", needed,
         limits.max_positions);
  }
  if (needed > cache.positions()) {
    fail(Status::kInvalidArgument, "the sequence needs {} positions, the cache has {}", needed,
         cache.positions());
  }
}

std::optional<StreamAnalysis> Decoder::Impl::analysis(const SequenceOptions& options,
                                                      int64_t row) const {
  if (!options.analyze && !options.follow_text) return std::nullopt;
  const Limits& limits = model->limits();
  const auto text_tokens = static_cast<int64_t>(options.text_ids.size()) + limits.text_framing;
  return StreamAnalysis(options.analyze ? options.analyze->heads : *options.follow_text, row,
                        {limits.conditioning_positions, text_tokens}, options.analyze,
                        options.follow_text.has_value());
}

Decoder::Decoder(std::shared_ptr<const Model> model, int64_t rows, int64_t positions,
                 int64_t prefix_bytes, const DeviceUse& use)
    : impl_(std::make_unique<Impl>(std::move(model), rows, positions, prefix_bytes, use)) {}

Decoder::~Decoder() = default;

int64_t Decoder::add(const SequenceOptions& options, const TensorSink& sink) {
  impl_->model->check(options);
  RowLease lease(impl_->cache, options.sampling.cfg_weight != 0 ? 2 : 1);
  const std::vector<int64_t> rows = lease.rows();
  Prefill prefill(*impl_->model, options, rows);
  impl_->check_positions(options, prefill.positions());
  nn::emit(sink, "text.ids", at::tensor(options.text_ids, at::kLong));
  SequenceState sequence;
  sequence.analysis = impl_->analysis(options, rows.front());
  sequence.rows = rows;
  sequence.sampling = options.sampling;
  sequence.max_new_tokens = options.max_new_tokens;
  sequence.generation.generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  sequence.sink = sink;
  if (impl_->model->limits().fills_blocks()) sequence.blocks = impl_->blocks.begin(options, sink);
  const int64_t id = impl_->state.insert(std::move(sequence));
  impl_->held.emplace(id, Impl::Held{std::move(lease), std::move(prefill)});
  return id;
}

// As long as others draw, a prompt that was asked for to its end may take its time: a step that
// joined it would wait for it.
bool Decoder::prefill(int64_t id) {
  static_cast<void>(impl_->state.at(id));  // is there one?
  Impl::Held& held = impl_->held.at(id);
  if (!held.prefill) return true;
  if (!held.end) {
    impl_->prompts.run([&] { impl_->read(id); });
    if (!held.logits.defined()) return false;
    held.end.emplace(impl_->prompts.mark());
  }
  if (!impl_->state.running().empty() && !nn::SideStream::reached(*held.end)) return false;
  impl_->prompts.join(*held.end);
  impl_->state.at(id).started = true;
  held.prefill.reset();
  held.logits.reset();
  return true;
}

void Decoder::Impl::read(int64_t id) {
  Held& own = held.at(id);
  if (!own.logits.defined()) own.logits = next_chunk(id);
  if (!own.logits.defined()) return;
  device ? device->start(id, own.logits) : state.start(id, own.logits.to(at::kCPU));
  if (model->limits().fills_blocks()) return;
  try {
    emit_logits(state.at(id).sink, 0, own.logits);
  } catch (...) {
    state.end_with(std::current_exception(), id);
  }
}

at::Tensor Decoder::Impl::next_chunk(int64_t id) {
  Held& own = held.at(id);
  if (!cache.device().is_cpu() && own.prefill->reaches_tail(cache, prefixes)) {
    try {
      return next_packed_chunk(id);
    } catch (const c10::Error& error) {  // alone there may be memory enough
      if (nn::kind_of(error) == nn::TorchFailure::kDevice) throw;
    }
  }
  return own.prefill->next(cache, prefixes, state.probes({id}));
}

// With it, the chunks of others that wait for theirs.
at::Tensor Decoder::Impl::next_packed_chunk(int64_t id) {
  std::vector<int64_t> ids = {id};
  std::vector<const Prefill*> prefills = {&*held.at(id).prefill};
  for (auto& [other, waiting] : held) {
    if (other == id || !waiting.prefill || waiting.logits.defined()) continue;
    if (!waiting.prefill->reaches_tail(cache, prefixes)) continue;
    ids.push_back(other);
    prefills.push_back(&*waiting.prefill);
  }
  const std::vector<at::Tensor> logits = next_chunks(*model, prefills, cache, state.probes(ids));
  for (size_t i = 1; i < logits.size(); ++i) held.at(ids[i]).logits = logits[i];
  return logits.front();
}

int64_t Decoder::start(const SequenceOptions& options, const TensorSink& sink) {
  const int64_t id = add(options, sink);
  try {
    while (!prefill(id)) {
    }
  } catch (...) {
    remove(id);
    throw;
  }
  return id;
}

void Decoder::step() {
  if (impl_->device) return impl_->device->step();
  if (!impl_->model->limits().fills_blocks()) impl_->state.draw_tokens();
  const std::vector<int64_t> ids = impl_->state.running();
  if (!ids.empty()) impl_->pass_in_halves(ids);
}

// Where memory runs out, or anything else fails, fewer rows at a time give the same, and a sequence
// that fails alone is the one that has failed. Nothing of a pass that failed counts: what it wrote
// into the cache is written again.
void Decoder::Impl::pass_in_halves(const std::vector<int64_t>& ids) {
  std::vector<std::pair<int64_t, int64_t>> lengths;  // of each row
  for (const int64_t id : ids) {
    for (const int64_t row : state.at(id).rows) lengths.emplace_back(row, cache.length(row));
  }
  try {
    pass(ids);
  } catch (...) {
    for (const auto& [row, length] : lengths) cache.set_length(row, length);
    if (nn::device_is_lost(std::current_exception())) throw;
    if (ids.size() == 1) return state.end_with(std::current_exception(), ids.front());
    const auto half = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
    pass_in_halves({ids.begin(), half});
    pass_in_halves({half, ids.end()});
  }
}

void Decoder::Impl::pass(const std::vector<int64_t>& ids) {
  model->limits().fills_blocks() ? blocks.pass(ids) : feed_back(ids);
}

void Decoder::Impl::feed_back(const std::vector<int64_t>& ids) {
  std::vector<int64_t> rows, tokens, indices;
  for (const int64_t id : ids) {
    const SequenceState& sequence = state.at(id);
    for (const int64_t row : sequence.rows) {
      rows.push_back(row);
      tokens.push_back(sequence.generation.tokens.back());
      indices.push_back(static_cast<int64_t>(sequence.generation.tokens.size()) - 1);
    }
  }
  const at::Tensor x = model->embedder().speech(tokens, indices);
  const at::Tensor logits =
      model->logits(model->backbone().decode(x, rows, cache, state.probes(ids)));
  state.set_logits(rows, logits);
  int64_t first = 0;
  for (const int64_t id : ids) {
    const SequenceState& sequence = state.at(id);
    const auto count = static_cast<int64_t>(sequence.rows.size());
    state.count_decode_step(id);
    try {
      emit_logits(sequence.sink, static_cast<int64_t>(sequence.generation.tokens.size()),
                  logits.narrow(0, first, count));
    } catch (...) {  // the pass is done, and only this sequence's receiver is at fault
      state.end_with(std::current_exception(), id);
    }
    first += count;
  }
}

int64_t Decoder::drawn(int64_t id) const {
  const SequenceState& sequence = std::as_const(impl_->state).at(id);
  if (sequence.blocks) return sequence.blocks->block.drawn();
  return static_cast<int64_t>(sequence.generation.tokens.size());
}

bool Decoder::finished(int64_t id) const { return impl_->state.at(id).ended(); }

const Generation& Decoder::generation(int64_t id) const {
  const SequenceState& sequence = impl_->state.at(id);
  if (sequence.failure) std::rethrow_exception(sequence.failure);
  return sequence.generation;
}

void Decoder::remove(int64_t id) {
  if (impl_->device) impl_->device->remove(id);
  impl_->state.erase(id);
  impl_->held.erase(id);
}

int64_t Decoder::cache_bytes() const { return impl_->cache.bytes() + prefix_stats().bytes; }

PrefixCacheStats Decoder::prefix_stats() const { return impl_->prefixes.stats(); }

}  // namespace chatterbox::t3
