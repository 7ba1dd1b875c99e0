// Many rows at once; one head of one row is in kernels_test.cpp.
#include "nn/attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "nn/rope.h"
#include "support/tensors.h"

namespace chatterbox::nn {
namespace {

using testing::max_abs;
using testing::noise;

constexpr int64_t kHeads = 3;
constexpr int64_t kPositions = 90;

struct Step {
  std::vector<int64_t> rows = {4, 0, 2, 1};
  std::vector<int64_t> positions = {70, 0, 89, 5};
  RopeTable rope = llama3_rope(kPositions, c10::kCPU);
  at::Tensor q = noise({4, kHeads * 64}, 1);
  at::Tensor k = noise({4, kHeads * 64}, 2);
  at::Tensor v = noise({4, kHeads * 64}, 3);
  at::Tensor cache;  // [5, 2, kHeads, kPositions, 64], as a device has it
  at::Tensor k_cache, v_cache;

  explicit Step(at::ScalarType type)
      : cache(noise({5, 2, kHeads, kPositions, 64}, 4).to(type)),
        k_cache(cache.select(1, 0).contiguous()),
        v_cache(cache.select(1, 1).contiguous()) {}

  [[nodiscard]] CachedAttention args() const {
    return {q, k, v, rope.cos, rope.sin, k_cache, v_cache, rows, positions};
  }
};

at::Tensor by_kernels(Step& step) { return cached_attention(step.args()); }

// As on a device. Queries and cache are of one type there.
at::Tensor by_operators(Step& step) {
  step.cache.select(1, 0).copy_(step.k_cache);
  step.cache.select(1, 1).copy_(step.v_cache);
  const auto type = step.cache.scalar_type();
  const at::Tensor rows = at::tensor(step.rows), positions = at::tensor(step.positions);
  at::Tensor qkv = at::stack({step.q, step.k, step.v}, 1).unflatten(2, {kHeads, 64});
  if (step.rope.cos.defined()) {
    const RopeMatrices matrices = rope_matrices(step.rope, at::kFloat);
    qkv = qkv.flatten(0, 1).bmm(rope_matrices_of(matrices, positions)).view({4, 3, kHeads, 64});
  }
  const StepSpan span{rows, positions, kPositions};
  const at::Tensor out = step_attention(qkv.to(type), step.cache, span, step_view(span, type));
  step.k_cache.copy_(step.cache.select(1, 0));
  step.v_cache.copy_(step.cache.select(1, 1));
  return out;
}

// softmax(q k^T / 8) v of each row and head over its own prefix, after the step's key and value.
at::Tensor plain(const Step& step) {
  const at::Tensor out = at::empty(step.q.sizes(), at::kDouble);
  for (size_t i = 0; i < step.rows.size(); ++i) {
    const auto r = static_cast<int64_t>(i);
    const int64_t length = step.positions[i] + 1;
    const at::Tensor cos = step.rope.cos[length - 1];
    const at::Tensor sin = step.rope.sin[length - 1];
    for (int64_t h = 0; h < kHeads; ++h) {
      const auto head = [&](const at::Tensor& x) { return x[r].narrow(0, 64 * h, 64); };
      const auto prefix = [&](const at::Tensor& cache, const at::Tensor& last) {
        const at::Tensor before = cache[step.rows[i]][h].narrow(0, 0, length - 1);
        return at::cat({before, last.to(cache.scalar_type()).unsqueeze(0)}).to(at::kDouble);
      };
      const at::Tensor keys = prefix(step.k_cache, apply_rope(head(step.k), cos, sin));
      const at::Tensor query = apply_rope(head(step.q), cos, sin).to(at::kDouble);
      const at::Tensor weights = (keys.matmul(query) / 8).softmax(0);
      head(out).copy_(weights.matmul(prefix(step.v_cache, head(step.v))));
    }
  }
  return out;
}

TEST(CachedAttention, EachRowAttendsToItsOwnPrefix) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    SCOPED_TRACE(c10::toString(type));
    const bool exact = type == at::kFloat;
    Step step(type);
    Step other(type);
    const at::Tensor expected = plain(step);
    const at::Tensor before = step.k_cache.clone();
    EXPECT_LE(max_abs(cached_attention(step.args()), expected), exact ? 2e-6 : 1e-2);
    // What other devices run rounds the query and the weights to the cache's type.
    EXPECT_LE(max_abs(by_operators(other), expected), exact ? 2e-6 : 5e-2);
    EXPECT_LE(max_abs(step.k_cache, other.k_cache), exact ? 1e-6 : 4e-2);
    EXPECT_TRUE(at::equal(step.v_cache, other.v_cache));

    // Four rows of three heads were written, nothing else.
    const at::Tensor changed = step.k_cache.ne(before).any(-1).nonzero();
    ASSERT_EQ(changed.size(0), 4 * kHeads);
    for (const at::Tensor& place : changed.unbind()) {
      const auto row = std::find(step.rows.begin(), step.rows.end(), place[0].item<int64_t>());
      ASSERT_NE(row, step.rows.end());
      EXPECT_EQ(place[2].item<int64_t>(),
                step.positions[static_cast<size_t>(row - step.rows.begin())]);
    }
  }
}

// Without angles: as if all were 0.
TEST(CachedAttention, WithoutAnglesNothingIsRotated) {
  Step step(at::kFloat), other(at::kFloat), unrotated(at::kFloat);
  step.rope = other.rope = {};
  unrotated.rope = {at::ones({kPositions, 32}), at::zeros({kPositions, 32})};
  const at::Tensor expected = plain(unrotated);
  EXPECT_LE(max_abs(cached_attention(step.args()), expected), 2e-6);
  EXPECT_LE(max_abs(by_operators(other), expected), 2e-6);
  EXPECT_TRUE(at::equal(step.k_cache, other.k_cache));
}

// Of a row's cache, what is beyond its own positions is never read, nor are other rows: they may
// hold what a sequence left that went wrong.
TEST(CachedAttention, NothingBeyondARowsOwnPositionsIsRead) {
  const auto fill_the_rest = [](Step& step, double value) {
    const at::Tensor others = at::ones({5}, at::kBool);
    for (size_t i = 0; i < step.rows.size(); ++i) {
      for (const at::Tensor& cache : {step.k_cache, step.v_cache}) {
        cache[step.rows[i]]
            .narrow(1, step.positions[i], kPositions - step.positions[i])
            .fill_(value);
      }
      others[step.rows[i]] = false;
    }
    for (const at::Tensor& cache : {step.k_cache, step.v_cache}) {
      cache.index_fill_(0, others.nonzero().flatten(), value);
    }
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const auto attend : {by_kernels, by_operators}) {
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      SCOPED_TRACE(c10::toString(type));
      Step clean(type), dirty(type);
      fill_the_rest(clean, 0);
      fill_the_rest(dirty, kNan);
      EXPECT_TRUE(at::equal(attend(dirty), attend(clean)));
    }
  }
}

TEST(CachedAttention, BitsOfARowDependOnNothingElse) {
  Step step(at::kFloat);
  Step single(at::kFloat);
  const at::Tensor together = cached_attention(step.args());
  for (int64_t i = 0; i < 4; ++i) {
    const std::vector<int64_t> row = {step.rows[static_cast<size_t>(i)]};
    const std::vector<int64_t> position = {step.positions[static_cast<size_t>(i)]};
    const auto one = [&](const at::Tensor& x) { return x.narrow(0, i, 1); };
    const at::Tensor alone =
        cached_attention({one(single.q), one(single.k), one(single.v), single.rope.cos,
                          single.rope.sin, single.k_cache, single.v_cache, row, position});
    EXPECT_TRUE(at::equal(alone[0], together[i])) << i;
  }
}

// By the kernels where nothing is masked on a CPU, else by libtorch: heads and rows in their
// places.
TEST(SelfAttention, OfTheKernelsAndOfLibtorchAreOne) {
  const at::Tensor qkv = noise({2, 37, 3 * kHeads * 64}, 1);
  const at::Tensor nothing_masked = at::zeros({2, 1, 1, 37});
  const at::Tensor expected = self_attention(qkv, nothing_masked);
  EXPECT_EQ(expected.sizes(), at::IntArrayRef({2, 37, kHeads * 64}));
  EXPECT_LE(max_abs(self_attention(qkv, {}), expected), 2e-6);
  EXPECT_LE(max_abs(self_attention(qkv.transpose(0, 1).contiguous().transpose(0, 1), {}), expected),
            2e-6);
}

// Keys and values that lie apart from the others, by the kernels and by libtorch.
TEST(SelfAttention, OfWhatCameBeforeIsThatOfTheWhole) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor qkv = noise({2, 61, 3 * kHeads * 64}, 1).to(type);
    const at::Tensor before = qkv.narrow(1, 0, 23).narrow(2, kHeads * 64, 2 * kHeads * 64);
    const at::Tensor expected = self_attention(qkv, {}).narrow(1, 23, 38);
    const at::Tensor found = self_attention(qkv.narrow(1, 23, 38), {}, before);
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_LE(max_abs(found, expected), type == at::kFloat ? 0 : 2e-2);
  }
}

}  // namespace
}  // namespace chatterbox::nn
