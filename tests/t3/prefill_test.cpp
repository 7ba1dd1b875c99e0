// The prompt in chunks: where they are cut, what of it is found in the prefix cache, and that
// neither makes a difference to the bits.
#include "t3/prefill.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using Sizes = std::vector<int64_t>;

Sizes chunks(int64_t total, int64_t most) {
  Sizes sizes;
  for (int64_t done = 0; done < total; done += sizes.back()) {
    sizes.push_back(next_chunk(total, done, most));
  }
  return sizes;
}

TEST(NextChunk, ChunksAreFewAndOfAboutOneSize) {
  EXPECT_EQ(chunks(34, 128), Sizes{34});
  EXPECT_EQ(chunks(128, 128), Sizes{128});
  EXPECT_EQ(chunks(129, 128), (Sizes{64, 65}));
  EXPECT_EQ(chunks(376, 128), (Sizes{125, 125, 126}));
  EXPECT_EQ(chunks(7, 1), Sizes(7, 1));
}

class PrefillTest : public ::testing::Test {
 protected:
  explicit PrefillTest(const char* name = "t3_cfg", const char* golden = "en_tiny_default")
      : model_(testing::load_tiny(name)), golden_(testing::Golden(golden)) {}

  [[nodiscard]] SequenceOptions request(size_t text_ids) const {
    SequenceOptions options = golden_.options;
    options.text_ids.clear();
    for (size_t i = 0; i < text_ids; ++i) options.text_ids.push_back(static_cast<int64_t>(i % 700));
    return options;
  }

  struct Done {
    at::Tensor logits, k, v;  // k, v [rows, layers, H, positions, 64]
    int64_t calls = 0;
  };
  [[nodiscard]] Done prefill(const SequenceOptions& options, VoicePrefixCache& prefixes) const {
    const int64_t rows = options.sampling.cfg_weight != 0 ? 2 : 1;
    BatchKVCache cache(model_->backbone().layers(), model_->backbone().heads(), rows, 800, {});
    Prefill work(*model_, options, cache.take(rows));
    Done done;
    while (!done.logits.defined()) {
      done.logits = work.next(cache, prefixes);
      ++done.calls;
    }
    std::vector<at::Tensor> k, v;
    for (int64_t layer = 0; layer < model_->backbone().layers(); ++layer) {
      k.push_back(cache.k(layer).narrow(2, 0, work.positions()));
      v.push_back(cache.v(layer).narrow(2, 0, work.positions()));
    }
    done.k = at::stack(k, 1);
    done.v = at::stack(v, 1);
    EXPECT_EQ(cache.length(0), work.positions());
    EXPECT_EQ(cache.length(rows - 1), work.positions());
    return done;
  }
  static void expect_same_bits(const Done& a, const Done& b) {
    EXPECT_TRUE(at::equal(a.logits, b.logits));
    EXPECT_TRUE(at::equal(a.k, b.k));
    EXPECT_TRUE(at::equal(a.v, b.v));
  }

  static constexpr int64_t kPlenty = int64_t{1} << 30;
  const c10::InferenceMode inference_mode_;
  const std::shared_ptr<const Model> model_;
  const testing::GoldenSequence golden_;
};

class TurboPrefillTest : public PrefillTest {
 protected:
  TurboPrefillTest() : PrefillTest("t3_turbo_v1", "turbo_tiny_prompt375") {}
};

// The row without a text of the longest one serves them all.
TEST_F(PrefillTest, WhatIsFoundHasTheBitsOfWhatIsComputed) {
  VoicePrefixCache prefixes(kPlenty);
  VoicePrefixCache nothing(0);
  int64_t found = 0;
  for (const size_t length : {200, 13, 62, 63, 180, 0}) {
    SCOPED_TRACE(length);
    const Done cold = prefill(request(length), nothing);
    const Done warm = prefill(request(length), prefixes);
    expect_same_bits(warm, cold);
    found += length == 200 ? 0 : 34 + static_cast<int64_t>(length) + 2;
    EXPECT_EQ(prefixes.stats().positions_saved, found);
  }
  EXPECT_EQ(prefixes.stats().hits, 5);
  EXPECT_EQ(prefixes.stats().misses, 1);
  EXPECT_EQ(prefixes.stats().voices, 1);
  EXPECT_EQ(prefixes.stats().bytes, (34 + 4 * 64) * model_->limits().kv_bytes_per_position);
  EXPECT_EQ(nothing.stats().hits, 0);
  EXPECT_EQ(nothing.stats().bytes, 0);
}

// Within a chunk each: conditioning and first block (98 positions), the text.
TEST_F(PrefillTest, ShortPromptTakesTwoCallsAndOneOnceItsVoiceIsKnown) {
  VoicePrefixCache prefixes(kPlenty);
  EXPECT_EQ(prefill(request(62), prefixes).calls, 2);
  EXPECT_EQ(prefill(request(62), prefixes).calls, 1);
  EXPECT_EQ(prefill(request(63), prefixes).calls, 2);  // another block of the row without a text
  EXPECT_EQ(prefill(request(63), prefixes).calls, 1);
  EXPECT_EQ(prefixes.stats().misses, 2);
  EXPECT_EQ(prefixes.stats().positions_saved, 98 + 98 + 99);
}

TEST_F(PrefillTest, WithoutGuidanceTheConditioningIsEnough) {
  VoicePrefixCache prefixes(kPlenty);
  SequenceOptions options = request(150);
  options.sampling.cfg_weight = 0;
  const Done cold = prefill(options, prefixes);
  EXPECT_EQ(cold.calls, 1 + 2);
  expect_same_bits(prefill(options, prefixes), cold);
  EXPECT_EQ(prefixes.stats().positions_saved, 34);

  // The conditional row is that of a guided sequence.
  const Done guided = prefill(request(150), prefixes);
  EXPECT_LE(testing::max_abs(guided.k[0], cold.k[0]), 1e-5);
}

// By its numbers, not by where they lie.
TEST_F(PrefillTest, VoiceIsKnownByWhatItIs) {
  VoicePrefixCache prefixes(kPlenty);
  static_cast<void>(prefill(request(5), prefixes));
  voice::Conditionals copy = golden_.voice;
  SequenceOptions options = request(5);
  options.voice = &copy;
  static_cast<void>(prefill(options, prefixes));
  EXPECT_EQ(prefixes.stats().hits, 1);
  copy.prompt_tokens[7] ^= 1;
  static_cast<void>(prefill(options, prefixes));
  copy = golden_.voice;
  copy.speaker_emb[3] += 0.01F;
  static_cast<void>(prefill(options, prefixes));
  options = request(5);
  options.exaggeration += 0.01F;
  static_cast<void>(prefill(options, prefixes));
  EXPECT_EQ(prefixes.stats().hits, 1);
  EXPECT_EQ(prefixes.stats().misses, 4);
  EXPECT_EQ(prefixes.stats().voices, 4);
}

TEST_F(PrefillTest, ForgetsTheVoicesLongestUnused) {
  const int64_t one = 98 * model_->limits().kv_bytes_per_position;
  VoicePrefixCache prefixes(3 * one - 1);
  const auto speak = [&](float exaggeration) {
    SequenceOptions options = request(5);
    options.exaggeration = exaggeration;
    static_cast<void>(prefill(options, prefixes));
    EXPECT_LE(prefixes.stats().bytes, 3 * one - 1);
    return prefixes.stats().hits;
  };
  EXPECT_EQ(speak(0.1F), 0);
  EXPECT_EQ(speak(0.2F), 0);
  EXPECT_EQ(speak(0.1F), 1);
  EXPECT_EQ(speak(0.3F), 1);  // 0.2 goes
  EXPECT_EQ(prefixes.stats().voices, 2);
  EXPECT_EQ(speak(0.1F), 2);
  EXPECT_EQ(speak(0.2F), 2);  // 0.3 goes
  EXPECT_EQ(speak(0.3F), 2);
}

// Turn by turn, with room for no prefix: each goes on with its own, which nobody else knows.
TEST_F(PrefillTest, ForgottenPrefixServesThoseWhoHoldIt) {
  VoicePrefixCache prefixes(0);
  SequenceOptions other = request(200);
  other.exaggeration = 0.9F;
  BatchKVCache cache(model_->backbone().layers(), model_->backbone().heads(), 4, 400, {});
  Prefill a(*model_, request(200), cache.take(2));
  Prefill b(*model_, other, cache.take(2));
  at::Tensor of_a, of_b;
  for (int i = 0; i < 20 && !(of_a.defined() && of_b.defined()); ++i) {
    if (!of_a.defined()) of_a = a.next(cache, prefixes);
    if (!of_b.defined()) of_b = b.next(cache, prefixes);
  }
  EXPECT_TRUE(at::equal(of_a, prefill(request(200), prefixes).logits));
  EXPECT_TRUE(at::equal(of_b, prefill(other, prefixes).logits));
}

// Two sequences of one voice, turn by turn: what one computes the other finds.
TEST_F(PrefillTest, SequencesOfOneVoiceShareTheWork) {
  VoicePrefixCache prefixes(kPlenty);
  BatchKVCache cache(model_->backbone().layers(), model_->backbone().heads(), 4, 400, {});
  Prefill a(*model_, request(200), cache.take(2));
  Prefill b(*model_, request(200), cache.take(2));
  at::Tensor of_a, of_b;
  int64_t calls = 0;
  for (; !(of_a.defined() && of_b.defined()); ++calls) {
    if (!of_a.defined()) of_a = a.next(cache, prefixes);
    if (!of_b.defined()) of_b = b.next(cache, prefixes);
  }
  EXPECT_TRUE(at::equal(of_a, of_b));
  EXPECT_EQ(prefixes.stats().bytes, (34 + 4 * 64) * model_->limits().kv_bytes_per_position);
  EXPECT_EQ(calls, 2 + 2);  // four passes for both, then the text of each in two chunks
}

TEST_F(TurboPrefillTest, WholePromptOfTheVoiceIsFound) {
  VoicePrefixCache prefixes(kPlenty);
  VoicePrefixCache nothing(0);
  const Done cold = prefill(golden_.options, nothing);
  EXPECT_EQ(cold.calls, 3 + 1);  // 125, 125 and 126 positions, then the text
  expect_same_bits(prefill(golden_.options, prefixes), cold);
  SequenceOptions again = golden_.options;
  again.exaggeration = 0.9F;  // no matter
  const Done warm = prefill(again, prefixes);
  EXPECT_EQ(warm.calls, 1);
  expect_same_bits(warm, cold);
  EXPECT_EQ(prefixes.stats().positions_saved, 376);
  EXPECT_EQ(prefixes.stats().bytes, 376 * model_->limits().kv_bytes_per_position);
}

}  // namespace
}  // namespace chatterbox::t3
