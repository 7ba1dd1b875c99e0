// What a few heads of one cache row attend to among its text: the alignment analyzer's input.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "t3/alignment_analyzer.h"

namespace chatterbox::t3 {

// The text's positions in the row, start and stop included.
struct TextSpan {
  int64_t first = 0;
  int64_t tokens = 0;
  [[nodiscard]] int64_t end() const { return first + tokens; }
};

class AttentionProbe {
 public:
  AttentionProbe(int64_t row, const TextSpan& text, const AlignmentHeads& heads)
      : row_(row), text_(text), heads_(heads) {}

  [[nodiscard]] int64_t row() const { return row_; }
  [[nodiscard]] const TextSpan& text() const { return text_; }
  [[nodiscard]] const AlignmentHeads& heads() const { return heads_; }

  // Called in every layer: computes the attention of the layer's heads that the probe has, and
  // nothing in other layers. Rotated queries q [H, Q, 64] of the row's last Q positions, rotated
  // keys k [H, positions, 64] of all its positions.
  void read(int64_t layer, const at::Tensor& q, const at::Tensor& k);
  [[nodiscard]] bool reads(int64_t layer) const;

  // Of the latest pass, [heads, Q, text tokens], fp32 on the CPU.
  [[nodiscard]] at::Tensor attention() const;
  // Its mean over the heads, [Q, text tokens].
  [[nodiscard]] std::vector<float> mean() const;

 private:
  int64_t row_;
  TextSpan text_;
  AlignmentHeads heads_;
  std::array<at::Tensor, std::tuple_size_v<AlignmentHeads>> attention_;  // each [Q, text tokens]
};

// The probes of a pass; none is the rule, and costs nothing.
using Probes = std::vector<AttentionProbe*>;

}  // namespace chatterbox::t3
