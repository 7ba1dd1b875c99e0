#include "t3/backbone.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <optional>

#include "nn/attention.h"
#include "nn/cpu/kernels.h"
#include "nn/linear.h"

namespace chatterbox::t3 {
namespace {

constexpr int64_t kHead = nn::cpu::kHeadSize;

// [N, H 64] -> [N, H, 64]
at::Tensor heads_of(const at::Tensor& x) { return x.view({x.size(0), -1, kHead}); }

}  // namespace

// The segments of one pass: where each stands in the packed positions and in the cache.
class Backbone::Pass {
 public:
  Pass(const std::vector<Segment>& segments, BatchKVCache& cache, const Probes& probes,
       const nn::RopeTable& rope, at::Tensor positions = {});

  [[nodiscard]] const at::Tensor& positions() const { return positions_; }  // [N]
  // Whether attend_blocks() can do what write() and attend() do.
  [[nodiscard]] bool of_blocks() const;
  // [N, H 64] three times -> [N, H 64]
  [[nodiscard]] at::Tensor attend_blocks(int64_t layer, const std::vector<at::Tensor>& qkv) const;
  // Writes the keys and values; q, k, v [N, H 64]. Returns the queries as they attend, [N, H, 64].
  at::Tensor write(int64_t layer, const std::vector<at::Tensor>& qkv);
  // q [N, H, 64] -> [N, H 64]
  [[nodiscard]] at::Tensor attend(int64_t layer, const at::Tensor& q) const;
  void read(int64_t layer, const at::Tensor& q) const;
  // Of x [N, ...]
  [[nodiscard]] at::Tensor last_of_segments(const at::Tensor& x) const;
  void commit();

 private:
  struct Place {
    int64_t row, first, count, before;  // first of the packed positions; before: in the cache row
    at::Tensor mask;                    // [count, before + count], or undefined: none is needed
    bool causal;                        // without a mask: each sees those before it, or all
    [[nodiscard]] int64_t length() const { return before + count; }
  };
  [[nodiscard]] at::Tensor rotate(const at::Tensor& x) const;
  // A segment's row up to its end, [H, before + count, 64].
  static at::Tensor prefix(const at::Tensor& cache, const Place& place) {
    return cache[place.row].narrow(1, 0, place.length());
  }
  // [N, H, 64] -> [H, count, 64]
  static at::Tensor part(const at::Tensor& packed, const Place& place) {
    return packed.narrow(0, place.first, place.count).transpose(0, 1);
  }

  BatchKVCache& cache_;
  const Probes& probes_;
  std::vector<Place> places_;
  std::vector<nn::BlockPlace> blocks_;  // of the segments that are whole
  at::Tensor positions_;
  at::Tensor cos_, sin_;  // [N, 1, 32], or undefined
};

std::vector<int64_t> positions_of(const std::vector<Segment>& segments, const BatchKVCache& cache) {
  std::vector<int64_t> positions;
  for (const Segment& segment : segments) {
    for (int64_t i = 0; i < segment.count; ++i) positions.push_back(cache.length(segment.row) + i);
  }
  return positions;
}

Backbone::Pass::Pass(const std::vector<Segment>& segments, BatchKVCache& cache,
                     const Probes& probes, const nn::RopeTable& rope, at::Tensor positions)
    : cache_(cache), probes_(probes), positions_(std::move(positions)) {
  const at::Device device = cache.device();
  int64_t first = 0;
  for (const Segment& segment : segments) {
    const int64_t before = cache.length(segment.row);
    Place place{segment.row, first, segment.count, before, {}, !segment.whole && before == 0};
    if (segment.whole) blocks_.push_back({segment.row, before, segment.count});
    first += place.count;
    if (place.before > 0 && !segment.whole) {
      const auto options = at::device(device).dtype(at::kBool);
      place.mask = at::ones({place.count, place.length()}, options).tril(place.before);
    }
    places_.push_back(std::move(place));
  }
  if (!positions_.defined()) positions_ = at::tensor(positions_of(segments, cache)).to(device);
  if (!rope.cos.defined()) return;
  cos_ = rope.cos.index_select(0, positions_).unsqueeze(1);
  sin_ = rope.sin.index_select(0, positions_).unsqueeze(1);
}

at::Tensor Backbone::Pass::rotate(const at::Tensor& x) const {
  return cos_.defined() ? nn::apply_rope(heads_of(x), cos_, sin_) : heads_of(x);
}

bool Backbone::Pass::of_blocks() const {
  return nn::attends_in_blocks(cache_.k(0)) && blocks_.size() == places_.size();
}

at::Tensor Backbone::Pass::attend_blocks(int64_t layer, const std::vector<at::Tensor>& qkv) const {
  return nn::block_attention(
      {qkv[0], qkv[1], qkv[2], cos_, sin_, cache_.k(layer), cache_.v(layer), blocks_});
}

at::Tensor Backbone::Pass::write(int64_t layer, const std::vector<at::Tensor>& qkv) {
  const at::Tensor k = rotate(qkv[1]);
  const at::Tensor v = heads_of(qkv[2]);
  for (const Place& place : places_) {
    const auto end = [&](const at::Tensor& cache) {
      return cache[place.row].narrow(1, place.before, place.count);
    };
    end(cache_.k(layer)).copy_(part(k, place));
    end(cache_.v(layer)).copy_(part(v, place));
  }
  return rotate(qkv[0]);
}

// Keys and values as the cache has them, so that it makes no difference which pass wrote them.
at::Tensor Backbone::Pass::attend(int64_t layer, const at::Tensor& q) const {
  std::vector<at::Tensor> parts;
  for (const Place& place : places_) {
    const auto batch = [&](const at::Tensor& heads) {
      return heads.unsqueeze(0).to(q.scalar_type());
    };
    const at::Tensor out = at::scaled_dot_product_attention(
        batch(part(q, place)), batch(prefix(cache_.k(layer), place)),
        batch(prefix(cache_.v(layer), place)),
        place.mask.defined() ? std::optional(place.mask) : std::nullopt, 0.0, place.causal);
    parts.push_back(out[0].transpose(0, 1).flatten(1));
  }
  return at::cat(parts);
}

void Backbone::Pass::read(int64_t layer, const at::Tensor& q) const {
  for (AttentionProbe* probe : probes_) {
    for (const Place& place : places_) {
      const int64_t from = std::max<int64_t>(probe->text().end() - place.before, 0);
      if (place.row != probe->row() || from >= place.count) continue;
      probe->read(layer, part(q, place).slice(1, from), prefix(cache_.k(layer), place));
    }
  }
}

at::Tensor Backbone::Pass::last_of_segments(const at::Tensor& x) const {
  std::vector<at::Tensor> last;
  for (const Place& place : places_) last.push_back(x.narrow(0, place.first + place.count - 1, 1));
  return at::cat(last);
}

void Backbone::Pass::commit() {
  for (const Place& place : places_) cache_.set_length(place.row, place.length());
}

at::Tensor Backbone::run(const at::Tensor& input, Pass& pass, Wanted wanted) const {
  at::Tensor x = enter(input, pass.positions());
  const bool blocks = pass.of_blocks();
  const auto attend = [&](int64_t i) {
    const std::vector<at::Tensor> projected = qkv(i, x);
    if (blocks) return pass.attend_blocks(i, projected);
    const at::Tensor q = pass.write(i, projected);
    pass.read(i, q);
    const bool unwanted = wanted == Wanted::kNone && i + 1 == layers();
    return unwanted ? at::Tensor() : pass.attend(i, q);
  };
  for (int64_t i = 0; i < layers(); ++i) {
    at::Tensor attended = attend(i);
    const bool last = i + 1 == layers();
    if (last && wanted == Wanted::kNone) return {};
    if (last && wanted == Wanted::kLastOfSegments) {  // nothing reads the other positions any more
      attended = pass.last_of_segments(attended);
      x = pass.last_of_segments(x);
    }
    leave(i, attended, x);
  }
  return norm(x);
}

at::Tensor Backbone::extend(const at::Tensor& x, const std::vector<Segment>& segments,
                            BatchKVCache& cache, const Probes& probes) const {
  Pass pass(segments, cache, probes, rope());
  at::Tensor hidden = run(x, pass, Wanted::kLastOfSegments);
  pass.commit();
  return hidden;
}

void Backbone::fill(const at::Tensor& x, const std::vector<Segment>& segments,
                    BatchKVCache& cache) const {
  const Probes none;  // the pass refers to it
  Pass pass(segments, cache, none, rope());
  static_cast<void>(run(x, pass, Wanted::kNone));
  pass.commit();
}

at::Tensor Backbone::peek(const at::Tensor& x, const std::vector<Segment>& segments,
                          BatchKVCache& cache, const at::Tensor& positions) const {
  const Probes none;
  Pass pass(segments, cache, none, rope(), positions);
  return run(x, pass, Wanted::kAll);
}

at::Tensor Backbone::decode(const at::Tensor& input, const std::vector<int64_t>& rows,
                            BatchKVCache& cache, const Probes& probes) const {
  if (input.size(0) > nn::kMaxKernelRows) {  // see there: keeps a row's bits
    std::vector<at::Tensor> parts;
    for (int64_t begin = 0; begin < input.size(0); begin += nn::kMaxKernelRows) {
      const int64_t end = std::min(begin + nn::kMaxKernelRows, input.size(0));
      const std::vector<int64_t> part(rows.begin() + begin, rows.begin() + end);
      parts.push_back(decode(input.slice(0, begin, end), part, cache, probes));
    }
    return at::cat(parts, 0);
  }
  std::vector<int64_t> positions;
  positions.reserve(rows.size());
  for (const int64_t row : rows) positions.push_back(cache.length(row));
  at::Tensor x = enter(input, at::tensor(positions));
  for (int64_t i = 0; i < layers(); ++i) {
    const std::vector<at::Tensor> projected = qkv(i, x);
    const nn::CachedAttention step{projected[0], projected[1], projected[2], rope().cos, rope().sin,
                                   cache.k(i),   cache.v(i),   rows,         positions};
    const at::Tensor attended = nn::cached_attention(step);
    read_step(probes, i, step);
    leave(i, attended, x);
  }
  for (size_t r = 0; r < rows.size(); ++r) cache.set_length(rows[r], positions[r] + 1);
  return norm(x);
}

void Backbone::read_step(const Probes& probes, int64_t layer,
                         const nn::CachedAttention& step) const {
  for (AttentionProbe* probe : probes) {
    const auto found = std::find(step.rows.begin(), step.rows.end(), probe->row());
    if (found == step.rows.end() || !probe->reads(layer)) continue;
    const auto r = static_cast<size_t>(found - step.rows.begin());
    const int64_t position = step.positions[r];
    at::Tensor q = step.q[static_cast<int64_t>(r)].view({-1, 1, kHead});
    if (step.cos.defined()) q = nn::apply_rope(q, step.cos[position], step.sin[position]);
    probe->read(layer, q, step.k_cache[probe->row()].narrow(1, 0, position + 1));
  }
}

}  // namespace chatterbox::t3
