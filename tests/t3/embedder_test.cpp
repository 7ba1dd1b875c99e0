// How each family lays out its prompt.
#include "t3/embedder.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "support/status.h"
#include "t3/model.h"
#include "t3/special_tokens.h"
#include "t3_golden.h"

namespace chatterbox::t3 {
namespace {

class EmbedderTest : public ::testing::Test {
 protected:
  explicit EmbedderTest(const char* name)
      : file_(testing::tiny_file(name)), model_(testing::load_t3(file_)) {}

  [[nodiscard]] at::Tensor table(const char* name) const {
    const checkpoint::TensorEntry* entry = file_->find(name);
    return at::from_blob(const_cast<void*>(entry->data), entry->shape,
                         at::TensorOptions(at::kFloat));
  }
  [[nodiscard]] at::Tensor rows(const char* name, const std::vector<int64_t>& ids) const {
    return table(name).index_select(0, at::tensor(ids));
  }
  [[nodiscard]] const Embedder& embedder() const { return model_->embedder(); }

  const c10::InferenceMode inference_mode_;
  const std::shared_ptr<const checkpoint::TensorFile> file_;
  const std::shared_ptr<const Model> model_;
  const VoiceKey voice_{std::vector<float>(256, 0.0625F), {5, 6, 7}, 0.5F};
};

class LlamaEmbedderTest : public EmbedderTest {
 protected:
  LlamaEmbedderTest() : EmbedderTest("t3_cfg") {}
};
class Gpt2EmbedderTest : public EmbedderTest {
 protected:
  Gpt2EmbedderTest() : EmbedderTest("t3_turbo_v1") {}
};

// [start text stop], then twice the start of speech; without guidance's text only its positions are
// there.
TEST_F(LlamaEmbedderTest, TextIsFramedAndHasPositions) {
  const at::Tensor positions = table("text_pos_emb.emb.weight").narrow(0, 0, 5);
  const at::Tensor start = (rows("speech_emb.weight", {kStartSpeech}) +
                            table("speech_pos_emb.emb.weight").narrow(0, 0, 1))
                               .expand({2, 128});
  const at::Tensor text = rows("text_emb.weight", {255, 10, 20, 30, 0}) + positions;
  EXPECT_TRUE(at::equal(embedder().text({10, 20, 30}), text));
  EXPECT_TRUE(at::equal(embedder().no_text(0, 5), positions));
  EXPECT_TRUE(at::equal(embedder().no_text(3, 2), positions.narrow(0, 3, 2)));
  EXPECT_TRUE(at::equal(embedder().starts_of_speech(), start));
  EXPECT_EQ(embedder().text({}).sizes(), (c10::IntArrayRef{2, 128}));
}

// As a SentencePiece model's, for instance.
TEST_F(LlamaEmbedderTest, TheTokenizerSaysWhatFramesTheText) {
  const nn::WeightReader reader(file_, {});
  const std::shared_ptr<const Model> model = load_model(reader, {3, 4});
  const at::Tensor text =
      rows("text_emb.weight", {3, 10, 4}) + table("text_pos_emb.emb.weight").narrow(0, 0, 3);
  EXPECT_TRUE(at::equal(model->embedder().text({10}), text));
}

TEST_F(LlamaEmbedderTest, FramingBeyondTheTextEmbeddingIsRefused) {
  const nn::WeightReader reader(file_, {});
  const int64_t size = table("text_emb.weight").size(0);
  const auto reason = [&](TextFraming framing) -> std::string {
    try {
      static_cast<void>(load_model(reader, framing));
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kBadModelFile);
      return error.what();
    }
    return "nothing was refused";
  };
  const std::string ids = std::to_string(size);
  EXPECT_EQ(reason({size, 0}),
            "the text's start token is " + ids + ", the text embedding of T3 has " + ids + " ids");
  EXPECT_EQ(reason({0, size}),
            "the text's stop token is " + ids + ", the text embedding of T3 has " + ids + " ids");
  EXPECT_EQ(reason({size - 1, 0}), "nothing was refused");
}

TEST_F(LlamaEmbedderTest, ConditioningHas34PositionsWhateverThePrompt) {
  EXPECT_EQ(embedder().conditioning(voice_).sizes(), (c10::IntArrayRef{34, 128}));
  EXPECT_EQ(embedder().conditioning_positions(voice_), 34);
  VoiceKey other = voice_;
  other.exaggeration = 0.9F;
  EXPECT_FALSE(at::equal(embedder().conditioning(other), embedder().conditioning(voice_)));
  EXPECT_FALSE(other == voice_);
}

// Token i stands at speech position i + 1: position 0 is the start of speech.
TEST_F(LlamaEmbedderTest, SpeechHasPositions) {
  const at::Tensor expected =
      rows("speech_emb.weight", {42, 43}) +
      table("speech_pos_emb.emb.weight").index_select(0, at::tensor({1, 8}));
  EXPECT_TRUE(at::equal(embedder().speech({42, 43}, {0, 7}), expected));
}

TEST_F(Gpt2EmbedderTest, NothingIsAddedToTheTokens) {
  const at::Tensor start = rows("speech_emb.weight", {kStartSpeech});
  const at::Tensor text = rows("text_emb.weight", {10, 50275, 0});
  EXPECT_TRUE(at::equal(embedder().text({10, 50275, 0}), text));
  EXPECT_EQ(embedder().text({}).sizes(), (c10::IntArrayRef{0, 128}));
  EXPECT_TRUE(at::equal(embedder().starts_of_speech(), start));
  EXPECT_TRUE(at::equal(embedder().speech({42, 43}, {0, 7}), rows("speech_emb.weight", {42, 43})));
}

// The speaker, then the prompt as long as it is; the exaggeration is no matter.
TEST_F(Gpt2EmbedderTest, ConditioningIsSpeakerAndPrompt) {
  const at::Tensor conditioning = embedder().conditioning(voice_);
  ASSERT_EQ(conditioning.sizes(), (c10::IntArrayRef{4, 128}));
  EXPECT_EQ(embedder().conditioning_positions(voice_), 4);
  const at::Tensor speaker =
      table("cond_enc.spkr_enc.weight").sum(1) * 0.0625 + table("cond_enc.spkr_enc.bias");
  EXPECT_LE(testing::max_abs(conditioning[0], speaker), 1e-6);
  EXPECT_TRUE(at::equal(conditioning.narrow(0, 1, 3), rows("speech_emb.weight", {5, 6, 7})));
  VoiceKey other = voice_;
  other.exaggeration = 0.9F;
  EXPECT_TRUE(at::equal(embedder().conditioning(other), conditioning));
}

}  // namespace
}  // namespace chatterbox::t3
