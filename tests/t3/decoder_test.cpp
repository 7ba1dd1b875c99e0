// The decode loop on the tiny model: what a sequence needs, and that its neighbours do not matter.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "refusal.h"
#include "support/collected_tensors.h"
#include "support/status.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using testing::CollectedTensors;
using testing::refusal;

class DecoderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = testing::load_tiny("t3_cfg"); }
  static void TearDownTestSuite() { model_.reset(); }

  // Requests that differ in everything a request has.
  [[nodiscard]] SequenceOptions request(int index) const {
    SequenceOptions options;
    options.voice = index % 3 == 0 ? &other_voice_ : &golden_.voice;
    for (int64_t i = 0; i < 4 + 7 * index; ++i)
      options.text_ids.push_back((i * 37 + index) % 700 + 1);
    options.exaggeration = 0.1F * static_cast<float>(index);
    options.sampling.temperature = 0.6F + 0.1F * static_cast<float>(index % 4);
    options.sampling.cfg_weight = index % 4 == 1 ? 0.0F : 0.3F * static_cast<float>(index % 4 + 1);
    options.sampling.top_p = index % 2 == 0 ? 1.0F : 0.8F;
    options.max_new_tokens = 12 + index;
    options.seed = static_cast<uint64_t>(index);
    return options;
  }

  static std::shared_ptr<const Model> model_;
  const c10::InferenceMode inference_mode_;
  const testing::GoldenSequence golden_{testing::Golden("en_tiny_default")};
  const voice::Conditionals other_voice_ = [this] {
    voice::Conditionals voice = golden_.voice;
    voice.prompt_tokens = {5, 6, 7};
    return voice;
  }();
};

std::shared_ptr<const Model> DecoderTest::model_;

std::vector<int64_t> run_to_end(Decoder& decoder, int64_t id) {
  while (!decoder.finished(id)) decoder.step();
  return decoder.generation(id).tokens;
}

// Requests join at other steps than their neighbours and leave before them.
TEST_F(DecoderTest, SequenceAmongOthersGivesTheBitsOfTheSequenceAlone) {
  constexpr int kCount = 20;  // 35 rows: more than the kernels take at a time
  std::vector<CollectedTensors> together(kCount), alone(kCount);
  Decoder decoder(model_, 2 * kCount, 300);
  std::vector<int64_t> ids;
  for (int i = 0; i < kCount; ++i) {
    ids.push_back(decoder.start(request(i), together[static_cast<size_t>(i)].sink()));
    if (i % 8 == 7) decoder.step();
  }
  for (size_t i = 0; i < kCount; ++i) {
    const std::vector<int64_t> tokens = run_to_end(decoder, ids[i]);
    decoder.remove(ids[i]);
    Decoder single(model_, 2, 300);
    const int64_t id = single.start(request(static_cast<int>(i)), alone[i].sink());
    EXPECT_EQ(tokens, run_to_end(single, id)) << i;
    EXPECT_GE(tokens.size(), 3U) << i;
    for (const char* logits : {"t3.logits0", "t3.logits1", "t3.logits2"}) {
      EXPECT_TRUE(at::equal(together[i].tensor(logits), alone[i].tensor(logits))) << i << logits;
    }
  }
}

// Its neighbours' pass counts once, although the pass of all had an exception.
TEST_F(DecoderTest, ReceiverThatThrowsEndsItsOwnSequenceAlone) {
  Decoder decoder(model_, 4, 300);
  const int64_t faulty = decoder.start(request(2), [](const TensorView& tensor) {
    if (tensor.name == "t3.logits2") throw Error(Status::kIo, "the disk is full");
  });
  const int64_t other = decoder.start(request(3));
  const std::vector<int64_t> tokens = run_to_end(decoder, other);
  EXPECT_TRUE(decoder.finished(faulty));
  EXPECT_EQ(refusal([&] { static_cast<void>(decoder.generation(faulty)); }, Status::kIo),
            "the disk is full");
  EXPECT_EQ(decoder.generation(other).decode_steps, static_cast<int64_t>(tokens.size()) - 1);
  Decoder single(model_, 2, 300);
  EXPECT_EQ(tokens, run_to_end(single, single.start(request(3))));
}

TEST_F(DecoderTest, WithoutGuidanceOneRowIsEnough) {
  SequenceOptions options = request(2);
  options.sampling.cfg_weight = 0;
  CollectedTensors collected, guided;
  Decoder decoder(model_, 1, 300);
  const int64_t id = decoder.start(options, collected.sink());
  const std::vector<int64_t> tokens = run_to_end(decoder, id);
  EXPECT_EQ(static_cast<int64_t>(tokens.size()), options.max_new_tokens);
  ASSERT_EQ(collected.tensor("t3.logits0").sizes(), (c10::IntArrayRef{1, 8194}));
  ASSERT_EQ(collected.tensor("t3.logits2").sizes(), (c10::IntArrayRef{1, 8194}));

  // It is the conditional row of a guided sequence.
  options.sampling.cfg_weight = 0.5F;
  Decoder two_rows(model_, 2, 300);
  static_cast<void>(two_rows.start(options, guided.sink()));
  testing::expect_close(collected.tensor("t3.logits0"), guided.tensor("t3.logits0").narrow(0, 0, 1),
                        testing::Stage::kLogits);
}

TEST_F(DecoderTest, GreedyDoesNotDependOnTheSeed) {
  Decoder decoder(model_, 4, 300);
  SequenceOptions options = request(2);
  options.sampling.temperature = 0;
  const int64_t first = decoder.start(options);
  options.seed = 99;
  const int64_t second = decoder.start(options);
  EXPECT_EQ(run_to_end(decoder, first), run_to_end(decoder, second));
}

TEST_F(DecoderTest, FullCacheIsBusyUntilASequenceIsRemoved) {
  Decoder decoder(model_, 3, 300);
  const int64_t id = decoder.start(request(2));
  const auto add_another = [&] { static_cast<void>(decoder.start(request(3))); };
  EXPECT_EQ(refusal(add_another, Status::kBusy), "a sequence needs 2 cache rows, 1 of 3 are free");
  decoder.step();
  EXPECT_EQ(refusal(add_another, Status::kBusy), "a sequence needs 2 cache rows, 1 of 3 are free");
  decoder.remove(id);  // in mid-flight
  decoder.step();      // nobody runs
  add_another();
  static_cast<void>(decoder.start(request(1)));  // one row
  EXPECT_EQ(refusal([&] { static_cast<void>(decoder.generation(id)); }, Status::kInternal),
            "no sequence has the id 0");
}

TEST_F(DecoderTest, RefusesWhatDoesNotFit) {
  Decoder decoder(model_, 2, 60);
  const auto refused = [&](const SequenceOptions& options, Status status) {
    return refusal([&] { static_cast<void>(decoder.start(options)); }, status);
  };
  SequenceOptions options;
  options.voice = &golden_.voice;
  options.max_new_tokens = 10;
  options.text_ids.assign(2049, 1);
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "text has 2051 tokens with start and stop, the limit is 2050");
  options.text_ids.assign(2048, 1);
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "the sequence needs 2095 positions, the cache has 60");  // 34 + 2050 + 2 + 9
  options.text_ids.assign(14, 1);
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "the sequence needs 61 positions, the cache has 60");
  options.text_ids.assign(13, 1);
  options.max_new_tokens = 0;
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "max_new_tokens must be in [1, 4100], got 0");
  options.max_new_tokens = 4101;
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "max_new_tokens must be in [1, 4100], got 4101");
  options.max_new_tokens = 10;
  options.sampling.top_k = 3;
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "top_k must be 0 for this model, which has none, got 3");
  options.sampling.top_k = 0;
  options.text_ids[3] = 704;
  EXPECT_EQ(refused(options, Status::kInvalidArgument),
            "a text token must be in [0, 704), got 704");
  options.text_ids[3] = -1;
  EXPECT_EQ(refused(options, Status::kInvalidArgument), "a text token must be in [0, 704), got -1");
  options.text_ids[3] = 1;
  options.voice = nullptr;
  EXPECT_EQ(refused(options, Status::kInvalidArgument), "the sequence has no voice");

  // Nothing was leaked: both rows are free, and the 60 positions are just enough.
  options.voice = &golden_.voice;
  options.sampling.temperature = 0;
  const int64_t id = decoder.start(options);
  EXPECT_LE(run_to_end(decoder, id).size(), 10U);
}

TEST_F(DecoderTest, RefusesAVoiceThatIsNone) {
  Decoder decoder(model_, 2, 100);
  voice::Conditionals voice = golden_.voice;
  SequenceOptions options = request(0);
  options.voice = &voice;
  const auto refused = [&](Status status) {
    return refusal([&] { static_cast<void>(decoder.start(options)); }, status);
  };
  voice.prompt_tokens.clear();
  EXPECT_EQ(refused(Status::kBadVoice), "the voice must have 1 to 150 prompt tokens, got 0");
  voice.prompt_tokens.assign(151, 1);
  EXPECT_EQ(refused(Status::kBadVoice), "the voice must have 1 to 150 prompt tokens, got 151");
  voice.prompt_tokens.assign(150, 8194);
  EXPECT_EQ(refused(Status::kInvalidArgument),
            "a prompt token of the voice must be in [0, 8194), got 8194");
}

TEST_F(DecoderTest, FailedSequenceThrowsAndLeavesTheOthers) {
  voice::Conditionals broken = golden_.voice;
  broken.speaker_emb[0] = std::numeric_limits<float>::quiet_NaN();
  SequenceOptions options = request(2);
  Decoder decoder(model_, 4, 300);
  const int64_t good = decoder.start(options);
  options.voice = &broken;
  const int64_t bad = decoder.start(options);
  const std::vector<int64_t> tokens = run_to_end(decoder, good);
  EXPECT_TRUE(decoder.finished(bad));
  EXPECT_EQ(refusal([&] { static_cast<void>(decoder.generation(bad)); }, Status::kInternal),
            "the model's logits of step 0 are not finite");
  Decoder single(model_, 2, 300);
  EXPECT_EQ(tokens, run_to_end(single, single.start(request(2))));
}

TEST_F(DecoderTest, CacheTakesTheBytesThatTheLimitsSay) {
  const Decoder decoder(model_, 4, 50);
  EXPECT_EQ(decoder.cache_bytes(), 4 * 50 * limits(*model_).kv_bytes_per_position);
  EXPECT_EQ(limits(*model_).kv_bytes_per_position, 2 * 3 * 128 * 4);  // k and v of three layers
  EXPECT_EQ(limits(*model_).text_vocabulary, 704);
  EXPECT_EQ(limits(*model_).max_text_tokens, 2050);
  EXPECT_EQ(limits(*model_).max_speech_tokens, 4100);
  EXPECT_EQ(limits(*model_).max_positions, 34 + 2050 + 2 + 4100);
  EXPECT_EQ(limits(*model_).positions_needed(10, 100), 34 + 12 + 2 + 99);
}

// While a long prompt goes in chunk by chunk, the others run, and nobody's bits change.
TEST_F(DecoderTest, LongPromptGoesInBetweenTheStepsOfTheOthers) {
  SequenceOptions late = request(3);
  late.text_ids.assign(250, 7);
  CollectedTensors together, alone;
  Decoder decoder(model_, 4, 500);
  const int64_t running = decoder.start(request(2));
  const int64_t id = decoder.add(late, together.sink());
  int64_t chunks = 1;
  for (; !decoder.prefill(id); ++chunks) {
    const size_t before = decoder.generation(running).tokens.size();
    decoder.step();
    EXPECT_EQ(decoder.generation(running).tokens.size(), before + 1);
    EXPECT_TRUE(decoder.generation(id).tokens.empty());
    EXPECT_FALSE(decoder.finished(id));
  }
  EXPECT_EQ(chunks, 4 + 3);  // 98, 64, 64 and 64 positions before the text, then 254, at most 126
  EXPECT_TRUE(decoder.prefill(id));  // nothing is left to do
  const std::vector<int64_t> tokens = run_to_end(decoder, id);
  const std::vector<int64_t> others = run_to_end(decoder, running);
  Decoder single(model_, 2, 500);
  const int64_t first = single.start(late, alone.sink());
  EXPECT_EQ(tokens, run_to_end(single, first));
  single.remove(first);
  EXPECT_EQ(others, run_to_end(single, single.start(request(2))));
  EXPECT_TRUE(at::equal(together.tensor("t3.logits0"), alone.tensor("t3.logits0")));
}

TEST_F(DecoderTest, SequenceCanLeaveBeforeItsPromptIsDone) {
  Decoder decoder(model_, 2, 500);
  SequenceOptions options = request(3);
  options.text_ids.assign(250, 7);
  const int64_t id = decoder.add(options);
  EXPECT_FALSE(decoder.prefill(id));
  decoder.remove(id);
  EXPECT_EQ(refusal([&] { decoder.prefill(id); }, Status::kInternal), "no sequence has the id 0");
  EXPECT_GE(run_to_end(decoder, decoder.start(request(2))).size(), 3U);
}

// add() takes what it needs of the voice.
TEST_F(DecoderTest, VoiceMayBeGoneOnceTheSequenceIsAdded) {
  Decoder decoder(model_, 4, 300);
  SequenceOptions options = request(2);
  auto voice = std::make_unique<voice::Conditionals>(*options.voice);
  options.voice = voice.get();
  const int64_t id = decoder.add(options);
  voice.reset();
  while (!decoder.prefill(id)) {
  }
  EXPECT_EQ(run_to_end(decoder, id), run_to_end(decoder, decoder.start(request(2))));
}

TEST_F(DecoderTest, PrefixCacheIsCountedAndChangesNoBits) {
  constexpr int64_t kPrefixBytes = int64_t{1} << 30;
  CollectedTensors first, second, without;
  Decoder decoder(model_, 4, 300, kPrefixBytes);
  const int64_t empty = decoder.cache_bytes();
  run_to_end(decoder, decoder.start(request(2), first.sink()));
  EXPECT_EQ(decoder.prefix_stats().misses, 1);
  EXPECT_EQ(decoder.cache_bytes(), empty + 98 * limits(*model_).kv_bytes_per_position);
  run_to_end(decoder, decoder.start(request(2), second.sink()));
  EXPECT_EQ(decoder.prefix_stats().hits, 1);
  EXPECT_EQ(decoder.prefix_stats().positions_saved, 34 + 18 + 2);
  Decoder plain(model_, 2, 300);
  run_to_end(plain, plain.start(request(2), without.sink()));
  EXPECT_EQ(plain.prefix_stats().bytes, 0);
  for (const char* logits : {"t3.logits0", "t3.logits1", "t3.logits2"}) {
    EXPECT_TRUE(at::equal(first.tensor(logits), second.tensor(logits)));
    EXPECT_TRUE(at::equal(first.tensor(logits), without.tensor(logits)));
  }
}

}  // namespace
}  // namespace chatterbox::t3
