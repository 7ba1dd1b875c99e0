// The sampler's kernel for CUDA, run on the host, against the sampler of the CPU: for the same
// random numbers the same tokens.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "nn/cuda/sampler_kernel.h"
#include "nn/host_launch.h"
#include "nn/sampler_lists.h"
#include "support/tensors.h"
#include "t3/sampler.h"
#include "t3/special_tokens.h"

namespace chatterbox::t3 {
namespace {

using nn::cuda::MarkDrawnKernel;
using nn::cuda::SamplerKernel;
using testing::launch_on_host;
using testing::noise;
using testing::SamplerLists;
using testing::SamplerRow;
using testing::seeded;
using testing::ThreadOrder;

constexpr int64_t kIds = 8194;  // English

// keep_top_p() where the sort is stable. Of equally likely ids, libtorch's unstable one lets go
// those that the instructions of the CPU happen to put first.
at::Tensor keep_top_p_stably(const at::Tensor& logits, float top_p) {
  const auto [ascending, order] = at::sort(logits, /*stable=*/true, -1, false);
  at::Tensor drop = ascending.softmax(-1).cumsum(-1) <= 1.0F - top_p;
  drop.select(-1, drop.size(-1) - 1).fill_(false);
  return logits.masked_fill(drop.scatter(-1, order, drop),
                            -std::numeric_limits<double>::infinity());
}

// Sequences of two logit rows each, of which the second guides.
struct Batch {
  explicit Batch(int64_t count, int64_t vocabulary = kIds)
      : ids(vocabulary),
        logits(noise({2 * count, vocabulary}, 11, 4)),
        seen(noise({2 * count, vocabulary}, 12).gt(1).to(at::kByte)) {
    for (int64_t i = 0; i < count; ++i) {
      rows.push_back({2 * i, 2 * i + 1});
      generators.push_back(seeded(static_cast<uint64_t>(100 + i)));
    }
    const at::Tensor of_each = at::empty({count, vocabulary});
    for (int64_t i = 0; i < count; ++i) {
      of_each[i].exponential_(1, generators[static_cast<size_t>(i)].clone());
    }
    exponentials = of_each;
  }

  // What the kernel draws, and then marks.
  std::vector<int64_t> draw(bool penalise_last = false, ThreadOrder order = ThreadOrder::kForward) {
    const auto count = static_cast<int64_t>(rows.size());
    const at::Tensor tokens = at::full({count}, -1, at::kLong);
    finite = at::full({count}, 7, at::kFloat);
    const SamplerLists lists(rows);
    const auto arguments =
        lists.arguments(logits, seen, exponentials, tokens, finite, penalise_last);
    const at::Tensor before = seen.clone();
    launch_on_host<SamplerKernel>(arguments, order);
    EXPECT_TRUE(at::equal(seen, before));
    launch_on_host<MarkDrawnKernel>(arguments, order);
    return testing::values<int64_t>(tokens);
  }

  // What batch_generation_state.cpp does with one of them.
  [[nodiscard]] int64_t expected(size_t index, bool penalise_last = false) const {
    const SamplerRow& o = rows[index];
    const auto column = [](auto value) { return at::tensor({value}).unsqueeze(1); };
    const auto row = [&](const at::Tensor& all, int64_t i) { return all.narrow(0, i, 1); };
    at::Tensor x =
        guide(row(logits, o.conditional), row(logits, o.unconditional), column(o.guidance));
    if (o.forced) x.fill_(-32768);
    if (o.forced || o.suppressed) x.select(1, kStopSpeech).fill_(o.forced ? 32768 : -32768);
    const at::Tensor marked = row(seen, o.conditional).to(at::kBool);
    const auto penalised = [&](const at::Tensor& scores) {
      return penalise_repetition(scores, marked, column(o.repetition_penalty));
    };
    if (!penalise_last) x = penalised(x);
    x = x / column(o.greedy() ? 1.0F : o.temperature);
    if (o.top_k > 0) x = keep_top_k(x, column(o.top_k), o.top_k);
    if (o.min_p > 0) x = keep_min_p(x, column(o.min_p));
    if (o.top_p < 1) x = ties ? keep_top_p_stably(x, o.top_p) : keep_top_p(x, column(o.top_p));
    if (penalise_last) x = penalised(x);
    if (o.greedy()) return x.argmax(-1).item<int64_t>();
    return t3::draw(x.softmax(-1)[0], generators[index].clone());
  }

  void check(bool penalise_last = false) {
    std::vector<int64_t> all;
    for (size_t i = 0; i < rows.size(); ++i) all.push_back(expected(i, penalise_last));
    const at::Tensor before = seen.clone();
    EXPECT_EQ(draw(penalise_last), all);
    EXPECT_TRUE(finite.eq(1).all().item<bool>());
    for (size_t i = 0; i < rows.size(); ++i) before[rows[i].conditional][all[i]].fill_(1);
    EXPECT_TRUE(at::equal(seen, before));
    seen.copy_(before);
  }

  int64_t ids;
  at::Tensor logits, seen, exponentials;
  std::vector<at::Generator> generators;
  std::vector<SamplerRow> rows;
  at::Tensor finite;
  bool ties = false;  // many ids are equally likely
};

// English's options at their defaults, and each of them otherwise.
TEST(CudaSampler, DrawsWhatTheCpuDraws) {
  Batch batch(24);
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    SamplerRow& row = batch.rows[i];
    row.guidance = 0.5F;
    row.repetition_penalty = 1.2F;
    row.temperature = i % 4 == 3 ? 1.7F : 0.8F;
    row.min_p = i % 3 == 0 ? 0 : 0.05F;
    row.top_p = i % 2 == 0 ? 1 : 0.9F;
    row.top_k = i % 5 == 4 ? 40 : 0;
  }
  batch.check();
}

// As Turbo does: the penalty comes last.
TEST(CudaSampler, DrawsWhatTheCpuDrawsForTurbo) {
  Batch batch(12, 6563);
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    SamplerRow& row = batch.rows[i];
    row.unconditional = row.conditional;
    row.repetition_penalty = 1.2F;
    row.temperature = 0.8F;
    row.top_k = i % 3 == 0 ? 1000 : 7;
    row.top_p = i % 4 == 0 ? 0.2F : 0.95F;
  }
  batch.check(true);
}

TEST(CudaSampler, IsGreedyAtTemperatureZero) {
  Batch batch(6);
  for (SamplerRow& row : batch.rows) {
    row.guidance = 0.3F;
    row.repetition_penalty = 2;
    row.min_p = 0.1F;
    row.top_p = 0.5F;
  }
  batch.exponentials.fill_(std::numeric_limits<float>::quiet_NaN());
  batch.check();
}

// Likelihoods in a few steps: many are equal. Of the best, the first; of what top-p lets go, too.
TEST(CudaSampler, BreaksTiesAsTheCpu) {
  Batch batch(16, 300);
  batch.ties = true;
  batch.logits = batch.logits.div(3).round();
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    SamplerRow& row = batch.rows[i];
    row.unconditional = row.conditional;
    row.temperature = i % 2 == 0 ? 0 : 1;
    row.top_p = 0.1F * static_cast<float>(i % 10);
    row.top_k = i % 3 == 0 ? static_cast<int64_t>(5 * i) : 0;
  }
  batch.check(true);
  for (SamplerRow& row : batch.rows) row.repetition_penalty = 1.5F;
  batch.check(true);
}

TEST(CudaSampler, KeepsAllWhereNothingIsLikelier) {
  Batch batch(4, 1000);
  batch.ties = true;
  batch.logits.fill_(1);
  batch.rows[0].temperature = batch.rows[1].temperature = batch.rows[2].temperature = 1;
  batch.rows[0].top_p = 0.3F;
  batch.rows[1].top_k = 3;
  batch.rows[2].top_p = 0;
  batch.check();
}

TEST(CudaSampler, SuppressesAndForcesTheEndOfSpeech) {
  Batch batch(3);
  batch.logits.select(1, kStopSpeech).fill_(50);
  batch.logits.select(1, 17).fill_(40);
  batch.rows[1].suppressed = true;
  batch.rows[2].forced = true;
  batch.rows[2].temperature = 0.8F;
  batch.logits[4][kStopSpeech].fill_(-50);
  batch.check();
  EXPECT_EQ(batch.draw(), (std::vector<int64_t>{kStopSpeech, 17, kStopSpeech}));
}

TEST(CudaSampler, ARowThatIsNotFiniteDrawsNothing) {
  Batch batch(3, 500);
  batch.logits[2][499].fill_(std::numeric_limits<float>::quiet_NaN());
  batch.logits[5][3].fill_(std::numeric_limits<float>::infinity());
  for (SamplerRow& row : batch.rows) {
    row.guidance = 0.5F;
    row.temperature = 1;
    row.top_p = 0.5F;
    row.top_k = 10;
  }
  const int64_t first = batch.expected(0);
  const at::Tensor before = batch.seen.clone();
  EXPECT_EQ(batch.draw(), (std::vector<int64_t>{first, 0, 0}));
  EXPECT_EQ(testing::values<bool>(batch.finite.isfinite()),
            (std::vector<bool>{true, false, false}));
  EXPECT_TRUE(at::equal(batch.seen.slice(0, 1), before.slice(0, 1)));
}

// Turbo penalises the start of speech at the first draw alone, unless it is what was drawn.
TEST(CudaSampler, ForgetsTheStartOfSpeechAfterTheFirstDraw) {
  Batch batch(4);
  batch.seen.zero_();
  for (const SamplerRow& row : batch.rows) batch.seen[row.conditional][kStartSpeech].fill_(1);
  batch.rows[0].first_draw = batch.rows[2].first_draw = batch.rows[3].first_draw = true;
  batch.logits[4][kStartSpeech].fill_(1000);
  const std::vector<int64_t> drawn = batch.draw(/*penalise_last=*/true);
  ASSERT_EQ(drawn[2], kStartSpeech);
  const auto marked = [&](size_t i) {
    return batch.seen[batch.rows[i].conditional][kStartSpeech].item<int64_t>();
  };
  EXPECT_EQ(marked(0), 0);
  EXPECT_EQ(marked(1), 1);
  EXPECT_EQ(marked(2), 1);
  EXPECT_EQ(batch.seen[0][drawn[0]].item<int64_t>(), 1);
  // Other families go on penalising it.
  batch.seen[6][kStartSpeech].fill_(1);
  static_cast<void>(batch.draw(false));
  EXPECT_EQ(marked(3), 1);
}

TEST(CudaSampler, AnyOrderOfThreadsAndAnyNeighboursAreTheSame) {
  Batch all(6), backward(6);
  for (Batch* batch : {&all, &backward}) {
    for (size_t i = 0; i < batch->rows.size(); ++i) {
      batch->rows[i].temperature = 1;
      batch->rows[i].top_p = 0.4F + 0.1F * static_cast<float>(i);
      batch->rows[i].min_p = 0.001F;
    }
  }
  const std::vector<int64_t> drawn = all.draw();
  EXPECT_EQ(backward.draw(false, ThreadOrder::kBackward), drawn);
  for (size_t i = 0; i < drawn.size(); ++i) {
    Batch alone(6);
    alone.rows = {backward.rows[i]};
    alone.exponentials = alone.exponentials.narrow(0, static_cast<int64_t>(i), 1);
    EXPECT_EQ(alone.draw().front(), drawn[i]);
  }
}

}  // namespace
}  // namespace chatterbox::t3
