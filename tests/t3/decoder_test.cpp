// The decode loop on the tiny model: what a sequence needs, and that its neighbours do not matter.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>

#include "checkpoint/synthetic.h"
#include "support/collected_tensors.h"
#include "t3/model.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

using checkpoint::make_synthetic;
using checkpoint::SyntheticSize;
using testing::CollectedTensors;

std::string reason(const std::function<void()>& work, Status status) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    return error.what();
  }
  return "nothing was refused";
}

class DecoderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = testing::load_t3(make_synthetic("t3_cfg", SyntheticSize::kTiny));
  }
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
    ids.push_back(decoder.add(request(i), together[static_cast<size_t>(i)].sink()));
    if (i % 8 == 7) decoder.step();
  }
  for (size_t i = 0; i < kCount; ++i) {
    const std::vector<int64_t> tokens = run_to_end(decoder, ids[i]);
    decoder.remove(ids[i]);
    Decoder single(model_, 2, 300);
    const int64_t id = single.add(request(static_cast<int>(i)), alone[i].sink());
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
  const int64_t faulty = decoder.add(request(2), [](const TensorView& tensor) {
    if (tensor.name == "t3.logits2") throw Error(Status::kIo, "the disk is full");
  });
  const int64_t other = decoder.add(request(3));
  const std::vector<int64_t> tokens = run_to_end(decoder, other);
  EXPECT_TRUE(decoder.finished(faulty));
  EXPECT_EQ(reason([&] { static_cast<void>(decoder.generation(faulty)); }, Status::kIo),
            "the disk is full");
  EXPECT_EQ(decoder.generation(other).decode_steps, static_cast<int64_t>(tokens.size()) - 1);
  Decoder single(model_, 2, 300);
  EXPECT_EQ(tokens, run_to_end(single, single.add(request(3))));
}

TEST_F(DecoderTest, WithoutGuidanceOneRowIsEnough) {
  SequenceOptions options = request(2);
  options.sampling.cfg_weight = 0;
  CollectedTensors collected, guided;
  Decoder decoder(model_, 1, 300);
  const int64_t id = decoder.add(options, collected.sink());
  const std::vector<int64_t> tokens = run_to_end(decoder, id);
  EXPECT_EQ(static_cast<int64_t>(tokens.size()), options.max_new_tokens);
  ASSERT_EQ(collected.tensor("t3.logits0").sizes(), (c10::IntArrayRef{1, 8194}));
  ASSERT_EQ(collected.tensor("t3.logits2").sizes(), (c10::IntArrayRef{1, 8194}));

  // It is the conditional row of a guided sequence.
  options.sampling.cfg_weight = 0.5F;
  Decoder two_rows(model_, 2, 300);
  static_cast<void>(two_rows.add(options, guided.sink()));
  testing::expect_close(collected.tensor("t3.logits0"), guided.tensor("t3.logits0").narrow(0, 0, 1),
                        testing::Stage::kLogits);
}

TEST_F(DecoderTest, GreedyDoesNotDependOnTheSeed) {
  Decoder decoder(model_, 4, 300);
  SequenceOptions options = request(2);
  options.sampling.temperature = 0;
  const int64_t first = decoder.add(options);
  options.seed = 99;
  const int64_t second = decoder.add(options);
  EXPECT_EQ(run_to_end(decoder, first), run_to_end(decoder, second));
}

TEST_F(DecoderTest, FullCacheIsBusyUntilASequenceIsRemoved) {
  Decoder decoder(model_, 3, 300);
  const int64_t id = decoder.add(request(2));
  const auto add_another = [&] { static_cast<void>(decoder.add(request(3))); };
  EXPECT_EQ(reason(add_another, Status::kBusy), "a sequence needs 2 cache rows, 1 of 3 are free");
  decoder.step();
  EXPECT_EQ(reason(add_another, Status::kBusy), "a sequence needs 2 cache rows, 1 of 3 are free");
  decoder.remove(id);  // in mid-flight
  decoder.step();      // nobody runs
  add_another();
  static_cast<void>(decoder.add(request(1)));  // one row
  EXPECT_EQ(reason([&] { static_cast<void>(decoder.generation(id)); }, Status::kInternal),
            "no sequence has the id 0");
}

TEST_F(DecoderTest, RefusesWhatDoesNotFit) {
  Decoder decoder(model_, 2, 60);
  const auto refusal = [&](const SequenceOptions& options, Status status) {
    return reason([&] { static_cast<void>(decoder.add(options)); }, status);
  };
  SequenceOptions options;
  options.voice = &golden_.voice;
  options.max_new_tokens = 10;
  options.text_ids.assign(2049, 1);
  EXPECT_EQ(refusal(options, Status::kInvalidArgument),
            "text has 2051 tokens with start and stop, the limit is 2050");
  options.text_ids.assign(2048, 1);
  EXPECT_EQ(refusal(options, Status::kInvalidArgument),
            "the sequence needs 2095 positions, the cache has 60");  // 34 + 2050 + 2 + 9
  options.text_ids.assign(14, 1);
  EXPECT_EQ(refusal(options, Status::kInvalidArgument),
            "the sequence needs 61 positions, the cache has 60");
  options.text_ids.assign(13, 1);
  options.max_new_tokens = 0;
  EXPECT_EQ(refusal(options, Status::kInvalidArgument),
            "max_new_tokens must be in [1, 4100], got 0");
  options.max_new_tokens = 4101;
  EXPECT_EQ(refusal(options, Status::kInvalidArgument),
            "max_new_tokens must be in [1, 4100], got 4101");
  options.max_new_tokens = 10;
  options.text_ids[3] = 704;
  EXPECT_EQ(refusal(options, Status::kInvalidArgument),
            "a text token must be in [0, 704), got 704");
  options.text_ids[3] = -1;
  EXPECT_EQ(refusal(options, Status::kInvalidArgument), "a text token must be in [0, 704), got -1");
  options.text_ids[3] = 1;
  options.voice = nullptr;
  EXPECT_EQ(refusal(options, Status::kInvalidArgument), "the sequence has no voice");

  // Nothing was leaked: both rows are free, and the 60 positions are just enough.
  options.voice = &golden_.voice;
  options.sampling.temperature = 0;
  const int64_t id = decoder.add(options);
  EXPECT_LE(run_to_end(decoder, id).size(), 10U);
}

TEST_F(DecoderTest, RefusesAVoiceThatIsNone) {
  Decoder decoder(model_, 2, 100);
  voice::Conditionals voice = golden_.voice;
  SequenceOptions options = request(0);
  options.voice = &voice;
  const auto refusal = [&](Status status) {
    return reason([&] { static_cast<void>(decoder.add(options)); }, status);
  };
  voice.prompt_tokens.clear();
  EXPECT_EQ(refusal(Status::kBadVoice), "the voice must have 1 to 150 prompt tokens, got 0");
  voice.prompt_tokens.assign(151, 1);
  EXPECT_EQ(refusal(Status::kBadVoice), "the voice must have 1 to 150 prompt tokens, got 151");
  voice.prompt_tokens.assign(150, 8194);
  EXPECT_EQ(refusal(Status::kInvalidArgument),
            "a prompt token of the voice must be in [0, 8194), got 8194");
}

TEST_F(DecoderTest, FailedSequenceThrowsAndLeavesTheOthers) {
  voice::Conditionals broken = golden_.voice;
  broken.speaker_emb[0] = std::numeric_limits<float>::quiet_NaN();
  SequenceOptions options = request(2);
  Decoder decoder(model_, 4, 300);
  const int64_t good = decoder.add(options);
  options.voice = &broken;
  const int64_t bad = decoder.add(options);
  const std::vector<int64_t> tokens = run_to_end(decoder, good);
  EXPECT_TRUE(decoder.finished(bad));
  EXPECT_EQ(reason([&] { static_cast<void>(decoder.generation(bad)); }, Status::kInternal),
            "the model's logits of step 0 are not finite");
  Decoder single(model_, 2, 300);
  EXPECT_EQ(tokens, run_to_end(single, single.add(request(2))));
}

TEST_F(DecoderTest, CacheTakesTheBytesThatTheLimitsSay) {
  const Decoder decoder(model_, 4, 50);
  EXPECT_EQ(decoder.cache_bytes(), 4 * 50 * limits(*model_).kv_bytes_per_position);
  EXPECT_EQ(limits(*model_).kv_bytes_per_position, 2 * 3 * 128 * 4);  // k and v of three layers
  EXPECT_EQ(limits(*model_).text_vocabulary, 704);
  EXPECT_EQ(limits(*model_).max_text_tokens, 2050);
  EXPECT_EQ(limits(*model_).max_speech_tokens, 4100);
}

// [34 conditioning | start text stop | BOS BOS]; without guidance's text only its positions are
// there.
TEST_F(DecoderTest, PromptIsLaidOutAsTheReferencesIs) {
  const Prompt prompt = model_->prompt(golden_.voice, 0.5F, {10, 20, 30}, true);
  EXPECT_EQ(prompt.shared.sizes(), (c10::IntArrayRef{34, 128}));
  ASSERT_EQ(prompt.tails.sizes(), (c10::IntArrayRef{2, 7, 128}));
  const at::Tensor start = model_->embed_speech({kStartSpeech}, {0});
  for (const at::Tensor& tail : prompt.tails.unbind()) {
    EXPECT_TRUE(at::equal(tail[5], start[0]));
    EXPECT_TRUE(at::equal(tail[6], start[0]));
  }
  const auto file = make_synthetic("t3_cfg", SyntheticSize::kTiny);
  const auto table = [&](const char* name) {
    const checkpoint::TensorEntry* entry = file->find(name);
    return at::from_blob(const_cast<void*>(entry->data), entry->shape,
                         at::TensorOptions(at::kFloat));
  };
  const at::Tensor positions = table("text_pos_emb.emb.weight").narrow(0, 0, 5);
  const at::Tensor ids =
      at::tensor({int64_t{255}, int64_t{10}, int64_t{20}, int64_t{30}, int64_t{0}});
  const at::Tensor embedded = table("text_emb.weight").index_select(0, ids);
  EXPECT_TRUE(at::equal(prompt.tails[0].narrow(0, 0, 5), embedded + positions));
  EXPECT_TRUE(at::equal(prompt.tails[1].narrow(0, 0, 5), positions));
  EXPECT_EQ(model_->prompt(golden_.voice, 0.5F, {}, false).tails.sizes(),
            (c10::IntArrayRef{1, 4, 128}));
}

}  // namespace
}  // namespace chatterbox::t3
