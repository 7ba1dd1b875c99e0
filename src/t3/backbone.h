// The transformer between embeddings and hidden states. What its kinds share is here: passes over
// the KV cache. The formulas of a layer are each kind's own. Immutable.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/attention.h"
#include "nn/rope.h"
#include "t3/attention_probe.h"
#include "t3/kv_cache.h"

namespace chatterbox::t3 {

// Positions that follow what a cache row holds.
struct Segment {
  int64_t row = 0;
  int64_t count = 0;
  bool whole = false;  // each sees all of the segment, not only what is before it
};

// What rows ask for in a step on a device: rotated queries, [R, H, 64] for each of these layers.
struct StepQueries {
  std::vector<int64_t> layers;  // ascending
  std::vector<at::Tensor> of_layers;
};

// Where they stand in their rows, one segment after another.
[[nodiscard]] std::vector<int64_t> positions_of(const std::vector<Segment>& segments,
                                                const BatchKVCache& cache);

class Backbone {
 public:
  Backbone() = default;
  Backbone(const Backbone&) = delete;
  Backbone& operator=(const Backbone&) = delete;
  virtual ~Backbone() = default;

  [[nodiscard]] virtual int64_t layers() const = 0;
  [[nodiscard]] virtual int64_t heads() const = 0;
  [[nodiscard]] virtual int64_t positions() const = 0;  // that a row can have

  // Appends x [N, C], the embeddings of the segments one after another, to different rows of the
  // cache. Returns the hidden states of each segment's last position, [segments, C]. `probes` of
  // these rows read the positions that follow their text.
  [[nodiscard]] at::Tensor extend(const at::Tensor& x, const std::vector<Segment>& segments,
                                  BatchKVCache& cache, const Probes& probes = {}) const;
  // The same where nobody wants the hidden states.
  void fill(const at::Tensor& x, const std::vector<Segment>& segments, BatchKVCache& cache) const;
  // Hidden states of all positions, [N, C]. The rows stay as long as they are: what was written
  // behind them is theirs if the caller makes them longer. Otherwise as extend(). `positions`:
  // positions_of() the segments where the model is, or undefined: then they are copied there.
  [[nodiscard]] at::Tensor peek(const at::Tensor& x, const std::vector<Segment>& segments,
                                BatchKVCache& cache, const at::Tensor& positions = {}) const;
  // One position for each row, x [R, C] -> hidden states [R, C]. On a CPU: a row's bits depend on
  // no other row. `probes` of any of these rows read it.
  [[nodiscard]] at::Tensor decode(const at::Tensor& x, const std::vector<int64_t>& rows,
                                  BatchKVCache& cache, const Probes& probes = {}) const;
  // The same on a device, which knows the places. The rows stay as long as they are: the host makes
  // them longer. `view`: what no own kernels (nn/device_kernels.h) need. `queries`, where somebody
  // wants them, receives those of its layers.
  [[nodiscard]] at::Tensor decode(const at::Tensor& x, const nn::StepSpan& span,
                                  const nn::StepView& view, BatchKVCache& cache,
                                  StepQueries* queries = nullptr) const;

 protected:
  // A tensor of its own: x [N, C], with what is learned of its positions [N].
  [[nodiscard]] virtual at::Tensor enter(const at::Tensor& x,
                                         const at::Tensor& positions) const = 0;
  // Queries, keys and values, each [N, H 64].
  [[nodiscard]] virtual std::vector<at::Tensor> qkv(int64_t layer, const at::Tensor& x) const = 0;
  // The same side by side, [N, 3 H 64], on a device.
  [[nodiscard]] virtual at::Tensor joined_qkv(int64_t layer, const at::Tensor& x) const = 0;
  // What comes after the attention [N, H 64], added to x.
  virtual void leave(int64_t layer, const at::Tensor& attended, at::Tensor& x) const = 0;
  [[nodiscard]] virtual at::Tensor norm(const at::Tensor& x) const = 0;  // the last one
  // How queries and keys are rotated; undefined tensors where they are not.
  [[nodiscard]] virtual const nn::RopeTable& rope() const = 0;
  // The same of positions [R] as nn::rope_matrices_of(), on a device; or undefined.
  [[nodiscard]] virtual at::Tensor rotations(const at::Tensor& positions) const = 0;

 private:
  class Pass;
  enum class Wanted { kNone, kLastOfSegments, kAll };
  [[nodiscard]] at::Tensor run(const at::Tensor& x, Pass& pass, Wanted wanted) const;
  void read_step(const Probes& probes, int64_t layer, const nn::CachedAttention& step) const;
};

}  // namespace chatterbox::t3
