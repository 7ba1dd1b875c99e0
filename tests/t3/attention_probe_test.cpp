// What the probe reads: by its definition, and in the model by the reference.
#include "t3/attention_probe.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/tensors.h"
#include "t3/model.h"
#include "t3/prefill.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using testing::max_abs;
using testing::noise;

constexpr AlignmentHeads kTinyHeads = {{{2, 1}, {1, 0}, {0, 1}}};  // the goldens'

TEST(AttentionProbe, IsTheSoftmaxOverAllThatAQuerySees) {
  const at::Tensor q = noise({2, 3, 64}, 1);  // two heads, the last three of 20 positions
  const at::Tensor k = noise({2, 20, 64}, 2);
  AttentionProbe probe(0, {4, 5}, {{{7, 1}, {7, 0}, {8, 1}}});
  EXPECT_TRUE(probe.reads(7));
  EXPECT_TRUE(probe.reads(8));
  EXPECT_FALSE(probe.reads(1));
  probe.read(7, q, k);
  probe.read(8, q * 2, k);
  probe.read(9, q * 3, k);

  const at::Tensor future = at::ones({3, 20}, at::kBool).triu(18);
  const auto plain = [&](int64_t head, double scale) {
    const at::Tensor scores = q[head].to(at::kDouble).matmul(k[head].to(at::kDouble).t()) * scale;
    return (scores / 8).masked_fill(future, -INFINITY).softmax(-1).narrow(1, 4, 5);
  };
  const at::Tensor expected = at::stack({plain(1, 1), plain(0, 1), plain(1, 2)});
  EXPECT_LE(max_abs(probe.attention(), expected), 1e-6);
  const std::vector<float> mean = probe.mean();
  ASSERT_EQ(mean.size(), 15U);
  EXPECT_LE(max_abs(at::tensor(mean), expected.mean(0).flatten()), 1e-6);
}

class ProbedModelTest : public ::testing::Test {
 protected:
  [[nodiscard]] BatchKVCache cache_of(int64_t rows) const { return model_->make_cache(rows, 300); }
  // The whole prompt.
  void prefill(const SequenceOptions& options, const std::vector<int64_t>& rows,
               BatchKVCache& cache, const Probes& probes = {}) const {
    Prefill prefill(*model_, options, rows);
    VoicePrefixCache prefixes(0);
    while (!prefill.next(cache, prefixes, probes).defined()) {
    }
  }
  // Tokens, the `index`-th drawn of each of `rows`.
  void decode(const std::vector<int64_t>& tokens, int64_t index, const std::vector<int64_t>& rows,
              BatchKVCache& cache, const Probes& probes) const {
    const std::vector<int64_t> indices(tokens.size(), index);
    const at::Tensor x = model_->embedder().speech(tokens, indices);
    static_cast<void>(model_->backbone().decode(x, rows, cache, probes));
  }

  const c10::InferenceMode inference_mode_;
  const std::shared_ptr<const Model> model_ = testing::load_tiny("t3_mtl23ls_v2");
};

// The golden's tokens, fed back one by one. Measured: at most 2e-7.
TEST_F(ProbedModelTest, TinyModelAttendsAsTheReference) {
  for (const char* name : {"mtl_tiny_017_analyzer", "mtl_tiny_017_forced_eos"}) {
    SCOPED_TRACE(name);
    const testing::Golden golden(name);
    const testing::GoldenSequence sequence(golden);
    const SequenceOptions& options = sequence.options;
    BatchKVCache cache = cache_of(2);
    const auto text_tokens = static_cast<int64_t>(options.text_ids.size()) + 2;
    AttentionProbe probe(1, {34, text_tokens}, kTinyHeads);
    prefill(options, {1, 0}, cache, {&probe});
    EXPECT_LE(max_abs(probe.attention(), golden.tensor("alignment.first")), 1e-6);

    const at::Tensor steps = golden.tensor("alignment.steps");
    const at::Tensor masked = golden.tensor("alignment.masked");
    const auto tokens = testing::values<int64_t>(golden.tensor("t3.tokens"));
    for (int64_t step = 0; step < steps.size(0); ++step) {
      const int64_t token = tokens[static_cast<size_t>(step)];
      decode({token, token}, step, {1, 0}, cache, {&probe});
      ASSERT_LE(max_abs(probe.attention().squeeze(1), steps[step]), 1e-6) << step;
      at::Tensor mean = at::tensor(probe.mean());
      if (step + 2 < text_tokens) mean.slice(0, step + 2).zero_();
      ASSERT_LE(max_abs(mean, masked[step + 2]), 1e-6) << step;
    }
  }
}

TEST_F(ProbedModelTest, PromptIsReadInTheProbesOwnRow) {
  const testing::GoldenSequence sequence(testing::Golden("mtl_tiny_017_analyzer"));
  SequenceOptions options = sequence.options;
  options.text_ids = {9, 8, 7};
  const auto attention = [&](const std::vector<int64_t>& rows, int64_t row) {
    BatchKVCache cache = cache_of(2);
    AttentionProbe probe(row, {34, 5}, kTinyHeads);
    prefill(options, rows, cache, {&probe});
    return probe.attention();
  };
  const at::Tensor conditional = attention({1, 0}, 1);
  const at::Tensor unconditional = attention({1, 0}, 0);
  EXPECT_LE(max_abs(conditional, attention({0}, 0)), 1e-6);
  EXPECT_GE(max_abs(conditional, unconditional), 1e-3);
}

// Of a prompt of many chunks, the last two positions; as if it were one.
TEST_F(ProbedModelTest, PromptOfManyChunksIsReadAtItsEnd) {
  const testing::GoldenSequence sequence(testing::Golden("mtl_tiny_017_analyzer"));
  SequenceOptions options = sequence.options;
  options.text_ids.assign(200, 9);
  BatchKVCache cache = cache_of(2);
  AttentionProbe probe(1, {34, 202}, kTinyHeads);
  prefill(options, {1, 0}, cache, {&probe});

  BatchKVCache at_once = cache_of(1);
  AttentionProbe expected(0, {34, 202}, kTinyHeads);
  const VoiceKey voice{sequence.voice.speaker_emb, sequence.voice.prompt_tokens,
                       options.exaggeration};
  const Embedder& embedder = model_->embedder();
  const at::Tensor x = at::cat(
      {embedder.conditioning(voice), embedder.text(options.text_ids), embedder.starts_of_speech()});
  static_cast<void>(model_->backbone().extend(x, {{0, x.size(0)}}, at_once, {&expected}));
  EXPECT_LE(max_abs(probe.attention(), expected.attention()), 1e-6);
}

// More rows than the kernels take at a time; the probed ones at both ends.
TEST_F(ProbedModelTest, ProbeInABatchReadsTheBitsOfTheRowAlone) {
  constexpr int64_t kRows = nn::kMaxKernelRows + 5;
  const testing::GoldenSequence sequence(testing::Golden("mtl_tiny_017_analyzer"));
  const auto options_of = [&](int64_t row) {
    SequenceOptions options = sequence.options;
    options.text_ids.assign(static_cast<size_t>(5 + row % 7), 9 + row);
    return options;
  };
  const auto probe_of = [&](int64_t row, int64_t cache_row) {
    return AttentionProbe(cache_row, {34, 7 + row % 7}, kTinyHeads);
  };
  BatchKVCache cache = cache_of(kRows);
  std::vector<int64_t> rows, tokens;
  for (int64_t row = 0; row < kRows; ++row) {
    rows.push_back(row);
    tokens.push_back(100 + row);
    prefill(options_of(row), {row}, cache);
  }
  AttentionProbe first = probe_of(0, 0);
  AttentionProbe last = probe_of(kRows - 1, kRows - 1);
  decode(tokens, 0, rows, cache, {&last, &first});
  for (const AttentionProbe* together : {&first, &last}) {
    const int64_t row = together->row();
    BatchKVCache single = cache_of(1);
    AttentionProbe alone = probe_of(row, 0);
    prefill(options_of(row), {0}, single, {&alone});
    EXPECT_EQ(alone.attention().sizes(), (c10::IntArrayRef{3, 2, 7 + row % 7}));
    decode({100 + row}, 0, {0}, single, {&alone});
    EXPECT_TRUE(at::equal(alone.attention(), together->attention())) << row;
  }
}

}  // namespace
}  // namespace chatterbox::t3
