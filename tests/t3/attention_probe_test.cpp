// What the probe reads: by its definition, and in the model by the reference.
#include "t3/attention_probe.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "multilingual_tiny.h"
#include "support/tensors.h"
#include "t3/model.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using testing::max_abs;
using testing::noise;

constexpr AttentionProbe::Heads kTinyHeads = {{{2, 1}, {1, 0}, {0, 1}}};  // the goldens'

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
  static constexpr int64_t kPositions = 300;

  [[nodiscard]] BatchKVCache cache_of(int64_t rows) const {
    const Llama& llama = model_->llama();
    return {static_cast<int64_t>(llama.layers.size()), llama.heads(), rows, kPositions,
            model_->placement()};
  }
  // One token of each of `rows`, at its first speech position.
  [[nodiscard]] at::Tensor speech(const std::vector<int64_t>& tokens) const {
    return model_->embed_speech(tokens, std::vector<int64_t>(tokens.size(), 1));
  }

  const c10::InferenceMode inference_mode_;
  const std::shared_ptr<const Model> model_ =
      testing::load_t3(std::make_shared<testing::MultilingualTinyFile>());
  const nn::RopeTable rope_ = nn::llama3_rope(kPositions, c10::kCPU);
};

// The golden's tokens, fed back one by one. Measured: at most 2e-7.
TEST_F(ProbedModelTest, TinyModelAttendsAsTheReference) {
  for (const char* name : {"mtl_tiny_017_analyzer", "mtl_tiny_017_forced_eos"}) {
    SCOPED_TRACE(name);
    const testing::Golden golden(name);
    const testing::GoldenSequence sequence(golden);
    const SequenceOptions& options = sequence.options;
    BatchKVCache cache = cache_of(2);
    const Prompt prompt =
        model_->prompt(*options.voice, options.exaggeration, options.text_ids, true);
    const auto text_tokens = static_cast<int64_t>(options.text_ids.size()) + 2;
    AttentionProbe probe(1, {34, text_tokens}, kTinyHeads);
    static_cast<void>(prefill(model_->llama(), rope_, prompt, {1, 0}, cache, {&probe}));
    EXPECT_LE(max_abs(probe.attention(), golden.tensor("alignment.first")), 1e-6);

    const at::Tensor steps = golden.tensor("alignment.steps");
    const at::Tensor masked = golden.tensor("alignment.masked");
    const auto tokens = testing::values<int64_t>(golden.tensor("t3.tokens"));
    for (int64_t step = 0; step < steps.size(0); ++step) {
      const int64_t token = tokens[static_cast<size_t>(step)];
      const at::Tensor x = model_->embed_speech({token, token}, {step + 1, step + 1});
      static_cast<void>(decode(model_->llama(), rope_, x, {1, 0}, cache, {&probe}));
      ASSERT_LE(max_abs(probe.attention().squeeze(1), steps[step]), 1e-6) << step;
      at::Tensor mean = at::tensor(probe.mean());
      if (step + 2 < text_tokens) mean.slice(0, step + 2).zero_();
      ASSERT_LE(max_abs(mean, masked[step + 2]), 1e-6) << step;
    }
  }
}

TEST_F(ProbedModelTest, PromptIsReadInTheProbesOwnRow) {
  const testing::GoldenSequence sequence(testing::Golden("mtl_tiny_017_analyzer"));
  const Prompt both = model_->prompt(sequence.voice, 0.5F, {9, 8, 7}, true);
  const auto attention = [&](const at::Tensor& tails, const std::vector<int64_t>& rows,
                             int64_t row) {
    BatchKVCache cache = cache_of(2);
    AttentionProbe probe(row, {34, 5}, kTinyHeads);
    static_cast<void>(prefill(model_->llama(), rope_, {both.shared, tails}, rows, cache, {&probe}));
    return probe.attention();
  };
  const at::Tensor conditional = attention(both.tails, {1, 0}, 1);
  const at::Tensor unconditional = attention(both.tails, {1, 0}, 0);
  EXPECT_LE(max_abs(conditional, attention(both.tails.narrow(0, 0, 1), {0}, 0)), 1e-6);
  EXPECT_LE(max_abs(unconditional, attention(both.tails.narrow(0, 1, 1), {0}, 0)), 1e-6);
  EXPECT_GE(max_abs(conditional, unconditional), 1e-3);
}

// More rows than the kernels take at a time; the probed ones at both ends.
TEST_F(ProbedModelTest, ProbeInABatchReadsTheBitsOfTheRowAlone) {
  constexpr int64_t kRows = nn::kMaxKernelRows + 5;
  const testing::GoldenSequence sequence(testing::Golden("mtl_tiny_017_analyzer"));
  const auto prompt_of = [&](int64_t row) {
    const std::vector<int64_t> text(static_cast<size_t>(5 + row % 7), 9 + row);
    return model_->prompt(sequence.voice, 0.5F, text, false);
  };
  const auto probe_of = [&](int64_t row, int64_t cache_row) {
    return AttentionProbe(cache_row, {34, 7 + row % 7}, kTinyHeads);
  };
  const auto step = [&](const std::vector<int64_t>& rows, const std::vector<int64_t>& tokens,
                        BatchKVCache& cache, const Probes& probes) {
    static_cast<void>(decode(model_->llama(), rope_, speech(tokens), rows, cache, probes));
  };
  BatchKVCache cache = cache_of(kRows);
  std::vector<int64_t> rows, tokens;
  for (int64_t row = 0; row < kRows; ++row) {
    rows.push_back(row);
    tokens.push_back(100 + row);
    static_cast<void>(prefill(model_->llama(), rope_, prompt_of(row), {row}, cache));
  }
  AttentionProbe first = probe_of(0, 0);
  AttentionProbe last = probe_of(kRows - 1, kRows - 1);
  step(rows, tokens, cache, {&last, &first});
  for (const AttentionProbe* together : {&first, &last}) {
    const int64_t row = together->row();
    BatchKVCache single = cache_of(1);
    AttentionProbe alone = probe_of(row, 0);
    static_cast<void>(prefill(model_->llama(), rope_, prompt_of(row), {0}, single, {&alone}));
    EXPECT_EQ(alone.attention().sizes(), (c10::IntArrayRef{3, 2, 7 + row % 7}));
    step({0}, {100 + row}, single, {&alone});
    EXPECT_TRUE(at::equal(alone.attention(), together->attention())) << row;
  }
}

}  // namespace
}  // namespace chatterbox::t3
