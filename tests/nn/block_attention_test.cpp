// Blocks of positions that attend to a row of a cache in bfloat16 and to each other.
#include "nn/cpu/block_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "kernel_inputs.h"
#include "nn/cpu/kernels.h"
#include "nn/rope.h"
#include "support/tensors.h"

namespace chatterbox::nn::cpu {
namespace {

using testing::data;
using testing::max_abs;
using testing::noise;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kHeads = 3;
constexpr int64_t kPositions = 300;

// Blocks of different rows. What the cache holds behind the rows' ends is no number.
struct Blocks {
  std::vector<BlockPlace> places;
  at::Tensor q, k, v, cos, sin, k_cache, v_cache;

  explicit Blocks(std::vector<BlockPlace> blocks, double sharpness = 1)
      : places(std::move(blocks)) {
    const RopeTable rope = llama3_rope(kPositions, c10::kCPU);
    std::vector<at::Tensor> cosines, sines;
    int64_t count = 0;
    k_cache = noise({5, kHeads, kPositions, 64}, 4).to(at::kBFloat16);
    v_cache = noise({5, kHeads, kPositions, 64}, 5).to(at::kBFloat16);
    for (const BlockPlace& place : places) {
      cosines.push_back(rope.cos.narrow(0, place.before, place.count));
      sines.push_back(rope.sin.narrow(0, place.before, place.count));
      count += place.count;
      for (const at::Tensor& cache : {k_cache, v_cache}) {
        cache[place.row].narrow(1, place.before, kPositions - place.before).fill_(kNan);
      }
    }
    cos = at::cat(cosines);
    sin = at::cat(sines);
    q = noise({count, kHeads * 64}, 1).mul_(sharpness);
    k = noise({count, kHeads * 64}, 2);
    v = noise({count, kHeads * 64}, 3);
  }
  [[nodiscard]] BlockAttention args() const {
    return {q, k, v, cos, sin, k_cache, v_cache, places};
  }
};

// [H, count, 64]
at::Tensor heads_of(const at::Tensor& x, int64_t first, int64_t count) {
  return x.narrow(0, first, count).view({count, kHeads, 64}).transpose(0, 1);
}

void expect_attends(const Blocks& blocks, const at::Tensor& out, double tolerance) {
  int64_t first = 0;
  for (const auto& [row, before, count] : blocks.places) {
    const at::Tensor cos = blocks.cos.narrow(0, first, count);
    const at::Tensor sin = blocks.sin.narrow(0, first, count);
    const auto rotated = [&](const at::Tensor& x) {
      return apply_rope(heads_of(x, first, count), cos, sin);
    };
    const auto seen = [&, row = row, end = before + count](const at::Tensor& cache) {
      return cache[row].narrow(1, 0, end).to(at::kDouble);
    };
    const auto written = [&, row = row, before = before, count = count](const at::Tensor& cache) {
      return cache[row].narrow(1, before, count);
    };
    EXPECT_LE(max_abs(written(blocks.k_cache), rotated(blocks.k)), 2e-2);
    EXPECT_TRUE(
        at::equal(written(blocks.v_cache), heads_of(blocks.v, first, count).to(at::kBFloat16)));
    const at::Tensor scores =
        rotated(blocks.q).to(at::kDouble).matmul(seen(blocks.k_cache).transpose(1, 2)) / 8;
    const at::Tensor expected = scores.softmax(-1).matmul(seen(blocks.v_cache));
    EXPECT_LE(max_abs(heads_of(out, first, count), expected), tolerance);
    first += count;
  }
}

TEST(BlockAttention, EachBlockAttendsToItsRowAndToItself) {
  for (const double sharpness : {1.0, 30.0}) {
    const Blocks blocks({{4, 70, 16}, {0, 0, 5}, {2, 127, 1}, {1, 240, 47}}, sharpness);
    const at::Tensor out = block_attention(blocks.args());
    expect_attends(blocks, out, 3e-6 * sharpness);
    for (const auto& [row, before, count] : blocks.places) {  // and nothing behind is written
      const int64_t end = before + count;
      EXPECT_TRUE(blocks.k_cache[row].narrow(1, end, kPositions - end).isnan().all().item<bool>());
    }
  }
}

TEST(BlockAttention, BitsOfABlockDependOnNothingElse) {
  const std::vector<BlockPlace> places = {{4, 70, 16}, {0, 0, 5}, {2, 127, 1}, {1, 240, 47}};
  const Blocks together(places);
  const at::Tensor all = block_attention(together.args());
  int64_t first = 0;
  for (const BlockPlace& place : places) {
    const Blocks fresh(places);
    const auto own = [&](const at::Tensor& x) { return x.narrow(0, first, place.count); };
    const at::Tensor alone = block_attention({own(fresh.q),
                                              own(fresh.k),
                                              own(fresh.v),
                                              own(fresh.cos),
                                              own(fresh.sin),
                                              fresh.k_cache,
                                              fresh.v_cache,
                                              {place}});
    EXPECT_TRUE(at::equal(alone, own(all))) << place.row;
    first += place.count;
  }
}

TEST(BlockAttention, WithoutAnglesNothingIsRotated) {
  const std::vector<BlockPlace> places = {{1, 20, 16}};
  Blocks plain(places), unrotated(places);
  plain.cos = plain.sin = at::Tensor();
  unrotated.cos = at::ones_like(unrotated.cos);
  unrotated.sin = at::zeros_like(unrotated.sin);
  EXPECT_TRUE(at::equal(block_attention(plain.args()), block_attention(unrotated.args())));
}

class BlockAttentionKernel : public ::testing::TestWithParam<Isa> {};

// Around the lanes of all variants and the keys that are scored at a time.
TEST_P(BlockAttentionKernel, IsTheSoftmaxOverAllPositions) {
  if (!supported(GetParam())) GTEST_SKIP() << "this machine does not run it";
  for (const int64_t count : {1, 7, 8, 9, 16, 17, 33}) {
    for (const int64_t before : {0, 1, 47, 48, 63, 64, 65, 250}) {
      SCOPED_TRACE(std::to_string(count) + " after " + std::to_string(before));
      const Blocks blocks({{0, before, count}});
      const at::Tensor out = at::full({count, kHeads * 64}, -7.0F);
      for (int64_t head = 0; head < kHeads; ++head) {
        const auto of_head = [&](const at::Tensor& x) { return data<float>(x) + head * 64; };
        const auto cache = [&](const at::Tensor& all) { return data<Bf16>(all[0][head]); };
        kernels(GetParam())
            .block_attention({of_head(blocks.q), of_head(blocks.k), of_head(blocks.v),
                              data<float>(blocks.cos), data<float>(blocks.sin),
                              cache(blocks.k_cache), cache(blocks.v_cache), before, count,
                              kHeads * 64, of_head(out)});
      }
      expect_attends(blocks, out, 3e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, BlockAttentionKernel,
                         ::testing::Values(Isa::kPortable, Isa::kAvx2, Isa::kAvx512,
                                           Isa::kAvx512Bf16),
                         testing::variant_name);

}  // namespace
}  // namespace chatterbox::nn::cpu
