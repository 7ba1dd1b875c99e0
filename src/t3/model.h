// All weights of T3: what makes its input, the backbone, the head.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "nn/linear.h"
#include "t3/backbone.h"
#include "t3/embedder.h"
#include "t3/t3.h"

namespace chatterbox::t3 {

class Model {
 public:
  explicit Model(const nn::WeightReader& reader, TextFraming framing = {},
                 std::optional<c10::ScalarType> kv_cache = std::nullopt);

  // Throws kInvalidArgument, or kBadVoice, where the model cannot speak it.
  void check(const SequenceOptions& options) const;
  // Hidden states [R, C] -> [R, vocabulary], fp32, where the model is.
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

  // Positions that may go through the backbone together, so that the bits of each depend on no
  // other sequence's.
  [[nodiscard]] int64_t positions_at_a_time() const { return positions_at_a_time_; }

  [[nodiscard]] const Embedder& embedder() const { return *embedder_; }
  [[nodiscard]] const Backbone& backbone() const { return *backbone_; }
  // Where its weights are, and its cache.
  [[nodiscard]] const nn::Placement& placement() const { return placement_; }
  [[nodiscard]] const nn::Placement& cache_placement() const { return cache_placement_; }
  // A cache for its keys and values.
  [[nodiscard]] BatchKVCache make_cache(int64_t rows, int64_t positions) const;
  [[nodiscard]] const Limits& limits() const { return limits_; }

 private:
  void load_llama_family(const nn::WeightReader& reader, TextFraming framing);
  void load_gpt2_family(const nn::WeightReader& reader);

  nn::Placement placement_, cache_placement_;
  std::unique_ptr<const Embedder> embedder_;
  std::unique_ptr<const Backbone> backbone_;
  nn::Linear speech_head_;
  int64_t positions_at_a_time_ = 0;
  Limits limits_;
};

}  // namespace chatterbox::t3
