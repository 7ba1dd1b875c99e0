// All running sequences between two decode steps: which cache rows they hold, the logits that wait
// for a draw, what was generated, and how each samples.
#pragma once

#include <ATen/core/Tensor.h>

#include <exception>
#include <map>
#include <optional>
#include <vector>

#include "support/tensor_sink.h"
#include "t3/block.h"
#include "t3/block_trace.h"
#include "t3/generation_state.h"
#include "t3/stream_analysis.h"

namespace chatterbox::t3 {

// Where a sequence is that is drawn in blocks.
struct BlockState {
  Block block;
  bool done = false;  // the block is, and its keys and values are to be kept
  std::optional<BlockTrace> trace;
};

// One sequence. Its first row is the conditional one.
struct SequenceState {
  std::vector<int64_t> rows;  // cache rows: one, or two with guidance
  SamplingOptions sampling;
  int64_t max_new_tokens = 0;
  Generation generation;
  std::optional<StreamAnalysis> analysis;  // where the request asks for it
  std::optional<BlockState> blocks;        // where the model fills blocks
  std::exception_ptr failure;              // where generation.finish is kFailed
  TensorSink sink;                         // of its tensors, or empty
  bool started = false;                    // its prompt is done

  [[nodiscard]] bool ended() const { return generation.finish != Finish::kRunning; }
  [[nodiscard]] bool running() const { return started && !ended(); }
  [[nodiscard]] int64_t unconditional_row() const { return rows.back(); }
};

// Adds a token that was drawn, and what it does to the quality.
void append_token(Generation& generation, int64_t token);
// The same of one that was drawn after the others, which may be the last.
void append_drawn(SequenceState& sequence, int64_t token, SamplingFamily family);
// What the receiver gets of the logits that a draw is made from, [its rows, vocabulary]: those of
// the first draws.
inline constexpr int64_t kLogitsForSink = 3;  // t3.logits0 to t3.logits2
void emit_logits(const TensorSink& sink, int64_t draw, const at::Tensor& logits);
// Why a sequence fails whose logits of this step are not.
[[nodiscard]] std::exception_ptr not_finite(size_t step);

class BatchGenerationState {
 public:
  BatchGenerationState(int64_t rows, int64_t vocabulary,
                       SamplingFamily family = SamplingFamily::kGuided);

  // Returns the sequence's id. It draws from start() on.
  int64_t insert(SequenceState sequence);
  // logits [its rows, vocabulary] of its prompt's end
  void start(int64_t id, const at::Tensor& logits);
  void erase(int64_t id) { sequences_.erase(id); }
  [[nodiscard]] const SequenceState& at(int64_t id) const;
  [[nodiscard]] SequenceState& at(int64_t id);

  // logits [R, vocabulary] of the last position of cache rows `rows`.
  void set_logits(const std::vector<int64_t>& rows, const at::Tensor& logits);
  [[nodiscard]] at::Tensor logits(const std::vector<int64_t>& rows) const;
  // One token for every running sequence.
  void draw_tokens();
  // Ids of the sequences that are still running, in the order of insertion.
  [[nodiscard]] std::vector<int64_t> running() const;
  // Of those sequences that are analysed.
  [[nodiscard]] Probes probes(const std::vector<int64_t>& ids);
  void end_with(std::exception_ptr failure, int64_t id);
  void count_decode_step(int64_t id) { ++sequences_.at(id).generation.decode_steps; }

 private:
  // Logits after all processors.
  [[nodiscard]] at::Tensor warped(const std::vector<SequenceState*>& batch,
                                  const at::Tensor& logits) const;
  [[nodiscard]] at::Tensor guided_logits(const std::vector<SequenceState*>& batch) const;
  void append(SequenceState& sequence, int64_t token);

  SamplingFamily family_;
  at::Tensor logits_;  // [cache rows, vocabulary], fp32 on the CPU
  at::Tensor seen_;    // [cache rows, vocabulary], bool; of the sequence whose first row it is
  std::map<int64_t, SequenceState> sequences_;
  int64_t next_id_ = 0;
};

}  // namespace chatterbox::t3
