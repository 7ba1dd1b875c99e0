// The loop of Chatterbox-Flash. In each pass, T3 looks at the block of every running sequence, all
// in one forward, whatever block and pass each is at:
//
//   a block that has masked positions: each position sees the prompt, the finished blocks and all
//     of the block. Tokens are proposed for all positions, and those with the highest scores stay;
//   a block that is done, if another follows: its keys and values become part of the row.
//
// The logits of a position come from the position before it; those of a block's first one, from
// the end of the prompt or of the block before. They wait in the generation state.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "t3/batch_generation_state.h"
#include "t3/model.h"

namespace chatterbox::t3 {

class BlockLoop {
 public:
  BlockLoop(const Model& model, BatchKVCache& cache, BatchGenerationState& state)
      : model_(model), cache_(cache), state_(state) {}

  // What a sequence begins with.
  [[nodiscard]] BlockState begin(const SequenceOptions& options, const TensorSink& sink);
  // One pass for each of these sequences. What fails in one alone ends that one. Where it throws,
  // nothing has happened, but for what the cache holds behind its rows' ends.
  void pass(const std::vector<int64_t>& ids);

 private:
  using Sequences = std::vector<SequenceState*>;

  // How likely each id is where nothing is known: the mean over a block of masks behind a start of
  // speech, of which each sees what is before it. Once for each size. [V]
  const at::Tensor& prior(int64_t block_size);
  [[nodiscard]] std::vector<Sequences> parts(const Sequences& sequences) const;
  // One forward. For each sequence the logits of its block's positions, or of what follows one that
  // is done, [rows, positions, V].
  [[nodiscard]] std::vector<at::Tensor> look(const Sequences& sequences) const;
  [[nodiscard]] std::vector<at::Tensor> split(const at::Tensor& logits,
                                              const Sequences& sequences) const;
  void denoise(SequenceState& sequence, const at::Tensor& logits);
  void finish_block(SequenceState& sequence);
  void commit(SequenceState& sequence, const at::Tensor& logits);

  const Model& model_;
  BatchKVCache& cache_;
  BatchGenerationState& state_;
  std::map<int64_t, at::Tensor> priors_;  // by block size
};

}  // namespace chatterbox::t3
