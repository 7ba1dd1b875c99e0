#include <gtest/gtest.h>

#include "text/data_copy.h"
#include "text/punc_norm.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

using Ids = std::vector<int64_t>;

std::string as_it_is(std::string_view text) { return std::string(text); }

std::shared_ptr<const Tokenizer> load_model(const std::string& name,
                                            std::string (*normalize)(std::string_view)) {
  const Folder folder(data_folder("sentencepiece"));
  return load_sentencepiece_tokenizer(folder, name + ".model", normalize);
}

TEST(SentencePiece, EqualsThePythonPackage) {
  std::ifstream stream(data_folder("sentencepiece/ids.json"));
  const nlohmann::json models = nlohmann::json::parse(stream);
  ASSERT_EQ(models.size(), 2U);
  for (const auto& [name, expected] : models.items()) {
    const auto tokenizer = load_model(name, as_it_is);
    EXPECT_EQ(tokenizer->vocabulary_size(), expected.at("size").get<int64_t>());
    for (const auto& [text, ids] :
         expected.at("texts").get<std::vector<std::pair<std::string, Ids>>>()) {
      EXPECT_EQ(tokenizer->encode(text, ""), ids) << name << ": " << text;
    }
  }
}

TEST(SentencePiece, NormalizesFirst) {
  const auto plain = load_model("unigram", as_it_is);
  const auto english = load_model("unigram", punc_norm_english);
  EXPECT_EQ(english->encode("the  old ships…", ""), plain->encode("The old ships,", ""));
  EXPECT_NE(english->encode("the  old ships", ""), plain->encode("the  old ships", ""));
}

TEST(SentencePiece, StartAndStopAreThoseOfTheModel) {
  const auto unigram = load_model("unigram", as_it_is);
  EXPECT_EQ(unigram->start_id(), 3);
  EXPECT_EQ(unigram->stop_id(), 4);
  // It has neither piece, but the usual <s> and </s>.
  const auto bpe = load_model("bpe", as_it_is);
  EXPECT_EQ(bpe->start_id(), 1);
  EXPECT_EQ(bpe->stop_id(), 2);
}

TEST(SentencePiece, RefusesWrongRequests) {
  const auto tokenizer = load_model("bpe", punc_norm_english);
  expect_error(Status::kInvalidArgument, "text must be UTF-8, byte 1 is not",
               [&] { (void)tokenizer->encode("a\x80", ""); });
  expect_error(Status::kInvalidArgument, "language must be empty",
               [&] { (void)tokenizer->encode("a", "en"); });
}

// Its dictionary takes no key of no letters, and throws what is not ours.
TEST(SentencePiece, ADamagedPieceIsABadModelFile) {
  std::ifstream stream(data_folder("sentencepiece/unigram.model"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  // Of a piece: its length, its letters (U+2581 before a word), the tag of its score.
  const size_t piece = bytes.find("\xE2\x96\x81the");
  ASSERT_NE(piece, std::string::npos);
  bytes[piece] = '\0';
  const FilesInMemory files("memory", {{"a.model", own_bytes(bytes)}});
  expect_error(Status::kBadModelFile, "a.model: not a SentencePiece model: ", [&] {
    (void)load_sentencepiece_tokenizer(files, "a.model", as_it_is);
  });
}

// A word of the text is a control in it, which no text may have: the library notices when it
// encodes.
TEST(SentencePiece, AModelThatCannotEncodeIsABadModelFile) {
  const Folder folder(CHATTERBOX_TEST_DATA "/fuzz/corpus/sentencepiece");
  const auto tokenizer =
      load_sentencepiece_tokenizer(folder, "a_word_that_is_a_control.model", punc_norm_english);
  expect_error(Status::kBadModelFile, "no SentencePiece model that can encode the text",
               [&] { (void)tokenizer->encode("Hello, world. …", ""); });
}

TEST(SentencePiece, LongTextsTakeLittleTime) {
  const auto tokenizer = load_model("unigram", punc_norm_english);
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "the keeper ";
  EXPECT_GT(tokenizer->encode(text, "").size(), 20000U);
}

TEST(SentencePiece, NamesAFileThatIsNotThere) {
  expect_error(Status::kNotFound, "no/such.model: ", [] {
    (void)load_sentencepiece_tokenizer(Folder("no"), "such.model", as_it_is);
  });
}

TEST(SentencePiece, DamagedFiles) {
  const DataCopy folder("sentencepiece");
  const std::string bytes = folder.read("unigram.model");
  const auto refused = [&](const std::string& damaged) {
    folder.write("unigram.model", damaged);
    expect_error(Status::kBadModelFile, "unigram.model: not a SentencePiece model", [&] {
      (void)load_sentencepiece_tokenizer(Folder(folder.path()), "unigram.model", as_it_is);
    });
  };
  refused("");
  refused("{\"model\": {}}");
  refused(std::string(10000, '\xFF'));
  refused(bytes.substr(0, bytes.size() / 2 + 1));
  refused(bytes.substr(0, 1));
}

}  // namespace
}  // namespace chatterbox::text
