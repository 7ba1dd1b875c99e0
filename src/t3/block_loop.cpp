#include "t3/block_loop.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "support/error.h"
#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

// Places in a block are counted from that of the start of speech.
std::vector<int64_t> places(size_t count) {
  std::vector<int64_t> indices(count);
  std::iota(indices.begin(), indices.end(), int64_t{-1});
  return indices;
}

// Of a block, the first and how many: the last one, where it is done, or those before it.
std::pair<int64_t, int64_t> wanted_positions(const BlockState& state) {
  const int64_t last = state.block.size() - 1;
  return state.done ? std::pair{last, int64_t{1}} : std::pair{int64_t{0}, last};
}

}  // namespace

BlockState BlockLoop::begin(const SequenceOptions& options, const TensorSink& sink) {
  const int64_t mask = model_.limits().mask_id();
  const at::Tensor known = options.blocks.prior ? prior(options.blocks.size) : at::Tensor();
  BlockState state{Block(options.blocks, mask, options.max_new_tokens, known), false, {}};
  if (sink) {
    state.trace.emplace(sink, options.blocks.size, mask, options.max_new_tokens, known);
  }
  return state;
}

const at::Tensor& BlockLoop::prior(int64_t block_size) {
  at::Tensor& known = priors_[block_size];
  if (known.defined()) return known;
  std::vector<int64_t> tokens(static_cast<size_t>(block_size) + 1, model_.limits().mask_id());
  tokens.front() = kStartSpeech;
  BatchKVCache cache = model_.make_cache(1, block_size + 1);
  const at::Tensor x = model_.embedder().speech(tokens, places(tokens.size()));
  const at::Tensor hidden = model_.backbone().peek(x, {{0, block_size + 1}}, cache);
  const at::Tensor logits = model_.logits(hidden.narrow(0, 0, block_size)).to(at::kCPU);
  known = at::softmax(logits, -1).mean(0);
  return known;
}

void BlockLoop::pass(const std::vector<int64_t>& ids) {
  Sequences sequences;
  for (const int64_t id : ids) sequences.push_back(&state_.at(id));
  std::vector<at::Tensor> logits;
  for (const Sequences& part : parts(sequences)) {
    for (at::Tensor& each : look(part)) logits.push_back(std::move(each));
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    SequenceState& sequence = *sequences[i];
    try {
      ++sequence.generation.decode_steps;
      sequence.blocks->done ? commit(sequence, logits[i]) : denoise(sequence, logits[i]);
    } catch (...) {
      state_.end_with(std::current_exception(), ids[i]);
    }
  }
}

// Not more positions at a time than keep their bits, but all of one sequence, which then depend on
// nothing but it.
std::vector<BlockLoop::Sequences> BlockLoop::parts(const Sequences& sequences) const {
  std::vector<Sequences> parts;
  int64_t room = 0;
  for (SequenceState* sequence : sequences) {
    const int64_t positions =
        sequence->blocks->block.size() * static_cast<int64_t>(sequence->rows.size());
    if (positions > room) {
      parts.emplace_back();
      room = model_.positions_at_a_time();
    }
    parts.back().push_back(sequence);
    room -= positions;
  }
  return parts;
}

// All ids travel to a device in one copy.
std::vector<at::Tensor> BlockLoop::look(const Sequences& sequences) const {
  std::vector<int64_t> tokens, indices;
  std::vector<Segment> segments;
  for (const SequenceState* sequence : sequences) {
    const std::vector<int64_t>& block = sequence->blocks->block.tokens();
    const std::vector<int64_t> in_block = places(block.size());
    for (const int64_t row : sequence->rows) {
      tokens.insert(tokens.end(), block.begin(), block.end());
      indices.insert(indices.end(), in_block.begin(), in_block.end());
      segments.push_back({row, sequence->blocks->block.size(), /*whole=*/true});
    }
  }
  const at::Tensor ids = at::stack({at::tensor(tokens), at::tensor(speech_places(indices)),
                                    at::tensor(positions_of(segments, cache_))})
                             .to(cache_.device());
  const at::Tensor x = model_.embedder().speech(ids[0], ids[1]);
  const at::Tensor hidden = model_.backbone().peek(x, segments, cache_, ids[2]);
  std::vector<at::Tensor> wanted;
  int64_t first = 0;
  for (const SequenceState* sequence : sequences) {
    const auto [offset, count] = wanted_positions(*sequence->blocks);
    for (size_t row = 0; row < sequence->rows.size(); ++row) {
      wanted.push_back(hidden.narrow(0, first + offset, count));
      first += sequence->blocks->block.size();
    }
  }
  return split(model_.logits(at::cat(wanted)).to(at::kCPU), sequences);
}

// logits [all wanted positions, V]. In front of a block that is not done come the logits that
// waited for it.
std::vector<at::Tensor> BlockLoop::split(const at::Tensor& logits,
                                         const Sequences& sequences) const {
  std::vector<at::Tensor> parts;
  int64_t first = 0;
  for (const SequenceState* sequence : sequences) {
    const int64_t count = wanted_positions(*sequence->blocks).second;
    const auto rows = static_cast<int64_t>(sequence->rows.size());
    const at::Tensor own =
        logits.narrow(0, first, rows * count).view({rows, count, logits.size(1)});
    const at::Tensor before = state_.logits(sequence->rows).unsqueeze(1);
    parts.push_back(sequence->blocks->done ? own : at::cat({before, own}, 1));
    first += rows * count;
  }
  return parts;
}

// The package keeps the first block's own prior for all blocks where there is no guidance, and
// takes a new one in each pass where there is.
void BlockLoop::denoise(SequenceState& sequence, const at::Tensor& logits) {
  Block& block = sequence.blocks->block;
  // A sum that is finite has no other summands, and takes a tenth of the time of isfinite().
  if (!std::isfinite(at::sum(logits).item<float>())) {
    fail(Status::kInternal, "the model's logits of block {}, pass {} are not finite", block.index(),
         block.pass());
  }
  if (sequence.rows.size() == 1 && !block.prior().defined()) {
    block.set_prior(at::softmax(logits[0], -1).mean(0));
  }
  const Proposal proposal = propose(logits, block.prior(), sequence.sampling, block.options(),
                                    sequence.generation.generator);
  const BlockPass pass = block.fill(proposal);
  if (sequence.blocks->trace) sequence.blocks->trace->add(pass, logits, proposal, block.tokens());
  if (block.done()) finish_block(sequence);
}

void BlockLoop::finish_block(SequenceState& sequence) {
  const Block& block = sequence.blocks->block;
  Generation& generation = sequence.generation;
  const auto end = block.end_of_speech();
  for (size_t i = 0; i < end.value_or(block.tokens().size()); ++i) {
    append_token(generation, block.tokens()[i]);
  }
  sequence.blocks->done = true;
  if (!end && !block.is_last()) return;
  if (sequence.blocks->trace) sequence.blocks->trace->finish(generation.generator);
  generation.finish = end ? Finish::kEos : Finish::kMaxTokens;
}

void BlockLoop::commit(SequenceState& sequence, const at::Tensor& logits) {
  Block& block = sequence.blocks->block;
  state_.set_logits(sequence.rows, logits.select(1, 0));
  for (const int64_t row : sequence.rows) {
    cache_.set_length(row, cache_.length(row) + block.size());
  }
  block.next();
  sequence.blocks->done = false;
}

}  // namespace chatterbox::t3
