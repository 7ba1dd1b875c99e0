// Turbo and Nano: GPT-2's tokenizer and its files.
#include <gmock/gmock.h>

#include <sstream>

#include "text/byte_level.h"
#include "text/data_copy.h"
#include "text/gpt2_files.h"
#include "text/punc_norm.h"
#include "text/text_golden.h"
#include "text/tokenizer.h"

namespace chatterbox::text {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using Ids = std::vector<int64_t>;

const Tokenizer& turbo() {
  static const auto kTokenizer = load_turbo_tokenizer(Folder(data_folder("turbo")));
  return *kTokenizer;
}

TEST(Turbo, EqualsTheReference) {
  const json texts = family_texts("turbo");
  ASSERT_GT(texts.size(), 180U);
  for (const auto& text : texts) {
    const auto input = text.at("input").get<std::string>();
    EXPECT_EQ(punc_norm_turbo(input), text.at("normalized").get<std::string>());
    EXPECT_EQ(turbo().encode(input, ""), text.at("ids").get<Ids>()) << input;
  }
}

TEST(Turbo, EqualsTheReferenceForTextsThatAreNotNormalized) {
  const Gpt2Tokenizer gpt2 = load_gpt2_tokenizer(Folder(data_folder("turbo")));
  for (const auto& text : golden("text_family_extra.json").at("turbo")) {
    const auto input = text.at("input").get<std::string>();
    EXPECT_EQ(gpt2.tokenizer.encode(input), text.at("raw_ids").get<Ids>()) << input;
  }
}

TEST(Turbo, SplitsAsTheTokenizersLibrary) {
  for (const auto& text : golden("text_family_extra.json").at("turbo")) {
    const auto input = text.at("input").get<std::string>();
    std::vector<std::string> pieces;
    split_gpt2(input, [&](std::string_view piece) { pieces.push_back(byte_letters(piece)); });
    EXPECT_EQ(pieces, text.at("pieces").get<std::vector<std::string>>()) << input;
  }
}

TEST(Turbo, KnowsItsVocabulary) {
  EXPECT_EQ(turbo().vocabulary_size(), 50276);
  EXPECT_EQ(turbo().start_id(), std::nullopt);
  EXPECT_EQ(turbo().stop_id(), std::nullopt);
  EXPECT_THAT(turbo().encode("[laugh][gasp].", ""), ElementsAre(50275, 50273, 13));
}

// As transformers saves the same tokenizer in one file.
json whole_file(const DataCopy& folder) {
  json model = {{"type", "BPE"},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", ""},
                {"end_of_word_suffix", ""},
                {"vocab", json::parse(folder.read("vocab.json"))},
                {"merges", json::array()}};
  std::istringstream merges(folder.read("merges.txt"));
  std::string line;
  std::getline(merges, line);
  while (std::getline(merges, line)) model["merges"].push_back(line);
  json added = json::array({{{"id", 50256}, {"content", "<|endoftext|>"}}});
  const json tags = json::parse(folder.read("added_tokens.json"));
  for (const auto& [content, id] : tags.items()) {
    added.push_back({{"id", id}, {"content", content}});
  }
  const json sequence = {{"Sequence", {{"id", "A"}}}};
  return {{"added_tokens", added},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"post_processor", {{"type", "TemplateProcessing"}, {"single", json::array({sequence})}}},
          {"model", model}};
}

void expect_same(const std::string& folder) {
  const auto tokenizer = load_turbo_tokenizer(Folder(folder));
  EXPECT_EQ(tokenizer->vocabulary_size(), turbo().vocabulary_size());
  for (const auto& text : family_texts("turbo")) {
    const auto input = text.at("input").get<std::string>();
    EXPECT_EQ(tokenizer->encode(input, ""), text.at("ids").get<Ids>()) << input;
  }
}

TEST(Turbo, ReadsAWholeTokenizerJson) {
  const DataCopy folder("turbo");
  json file = whole_file(folder);
  for (const char* name : {"vocab.json", "merges.txt", "added_tokens.json"}) folder.remove(name);
  folder.write("tokenizer.json", file.dump());
  expect_same(folder.path());
  file["post_processor"] = {{"type", "ByteLevel"}};
  folder.write("tokenizer.json", file.dump());
  expect_same(folder.path());
}

TEST(Turbo, RefusesATokenizerJsonOfAnotherKind) {
  const DataCopy folder("turbo");
  const json file = whole_file(folder);
  const auto refused = [&](const char* why, const std::function<void(json&)>& edit) {
    json changed = file;
    edit(changed);
    folder.write("tokenizer.json", changed.dump());
    expect_error(Status::kUnsupported, why,
                 [&] { (void)load_turbo_tokenizer(Folder(folder.path())); });
  };
  refused("add_prefix_space", [](json& f) { f["pre_tokenizer"]["add_prefix_space"] = true; });
  refused("use_regex", [](json& f) { f["pre_tokenizer"]["use_regex"] = false; });
  refused("pre_tokenizer 'Whitespace'", [](json& f) { f["pre_tokenizer"]["type"] = "Whitespace"; });
  refused("where it adds tokens", [](json& f) {
    f["post_processor"]["single"].push_back({{"SpecialToken", "x"}});
  });
}

TEST(Turbo, AddedTokensMayComeFromEitherFile) {
  const DataCopy folder("turbo");
  folder.remove("added_tokens.json");
  expect_same(folder.path());
  std::filesystem::copy(data_folder("turbo") + "/added_tokens.json",
                        folder.file("added_tokens.json"));
  folder.remove("tokenizer_config.json");
  expect_same(folder.path());
}

std::string symbols(size_t count) {  // two tokens each
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "$\"";
  return text;
}

TEST(Turbo, TextIsNotCutSilently) {
  constexpr size_t kLimit = 1024;
  const Gpt2Tokenizer gpt2 = load_gpt2_tokenizer(Folder(data_folder("turbo")));
  std::string text = symbols(kLimit);
  while (gpt2.tokenizer.encode(punc_norm_turbo(text)).size() > kLimit) text.pop_back();
  EXPECT_EQ(turbo().encode(text, "").size(), kLimit);
  text += "$\"";
  const size_t count = gpt2.tokenizer.encode(punc_norm_turbo(text)).size();
  ASSERT_GT(count, kLimit);
  expect_error(Status::kInvalidArgument,
               "text must have at most 1024 tokens (the tokenizer's model_max_length), has " +
                   std::to_string(count),
               [&] { (void)turbo().encode(text, ""); });
}

TEST(Turbo, AConfigMayHaveNoLimit) {
  const DataCopy folder("turbo");
  folder.remove("tokenizer_config.json");
  const std::string text = symbols(5000);
  const Ids ids = load_turbo_tokenizer(Folder(folder.path()))->encode(text, "");
  EXPECT_GT(ids.size(), 1024U);
  folder.write("tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_EQ(load_turbo_tokenizer(Folder(folder.path()))->encode(text, ""), ids);
}

TEST(Turbo, LongTextsTakeLittleTime) {
  const DataCopy folder("turbo");
  folder.remove("tokenizer_config.json");
  const auto tokenizer = load_turbo_tokenizer(Folder(folder.path()));
  EXPECT_GT(tokenizer->encode(std::string(1000000, 'a') + std::string(1000000, '!'), "").size(),
            1U);
}

TEST(Turbo, RefusesWrongRequests) {
  expect_error(Status::kInvalidArgument, "text must be UTF-8, byte 2 is not",
               [] { (void)turbo().encode("ab\xFF", ""); });
  expect_error(Status::kInvalidArgument, "language must be empty",
               [] { (void)turbo().encode("hello", "de"); });
}

TEST(Turbo, NamesAFileThatIsNotThere) {
  for (const char* name : {"vocab.json", "merges.txt"}) {
    const DataCopy folder("turbo");
    folder.remove(name);
    expect_error(Status::kNotFound, folder.file(name) + ": ",
                 [&] { (void)load_turbo_tokenizer(Folder(folder.path())); });
  }
  expect_error(Status::kNotFound, "no/such/folder/vocab.json",
               [] { (void)load_turbo_tokenizer(Folder("no/such/folder")); });
}

void expect_damaged(const DataCopy& folder, const char* file, const std::string& why) {
  expect_error(Status::kBadModelFile, folder.file(file) + ": " + why,
               [&] { (void)load_turbo_tokenizer(Folder(folder.path())); });
}

TEST(Turbo, DamagedVocabulary) {
  const DataCopy folder("turbo");
  const std::string bytes = folder.read("vocab.json");
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, bytes.size() / 2}) {
    folder.write("vocab.json", bytes.substr(0, size));
    expect_damaged(folder, "vocab.json", "not valid JSON at byte");
  }
  const auto damaged = [&](const std::string& why, const std::function<void(json&)>& edit) {
    folder.write("vocab.json", bytes);
    folder.change("vocab.json", edit);
    expect_damaged(folder, "vocab.json", why);
  };
  damaged("the vocabulary must be an object, is array", [](json& f) { f = json::array(); });
  damaged("'Ġ', the letter of byte 32, is not in the vocabulary", [](json& f) { f.erase("Ġ"); });
  damaged("the id of 'a' must be an integer, is string", [](json& f) { f["a"] = "x"; });
  damaged("two tokens of the vocabulary have the id 0", [](json& f) { f["a"] = 0; });
}

TEST(Turbo, DamagedMerges) {
  const DataCopy folder("turbo");
  const auto damaged = [&](const std::string& merges, const std::string& why) {
    folder.write("merges.txt", merges);
    expect_damaged(folder, "merges.txt", why);
  };
  damaged("#version: 0.2\nĠ t\n漢 t\n", "merge 1: '漢' is not in");
  damaged("q Q\n", "merge 0: 'qQ' is not in");
  damaged("#version: 0.2\nĠt\n", "a merge must be two tokens with one space between them, is 'Ġt'");
  damaged("Ġ t h\n", "a merge must be two tokens");
  damaged("Ġ t\r\n", "merge 0: 't\r' is not in");
  damaged(std::string(100000, 'x'),
          "a merge must be two tokens with one space between them, is 'a string of 100000 bytes'");
}

TEST(Turbo, DamagedTokensAndConfig) {
  const DataCopy folder("turbo");
  const char* const config = "tokenizer_config.json";
  const std::string bytes = folder.read(config);
  const auto damaged = [&](const std::string& why, const std::function<void(json&)>& edit) {
    folder.write(config, bytes);
    folder.change(config, edit);
    expect_damaged(folder, config, why);
  };
  damaged("model_max_length must be a number from 1 on, is 0",
          [](json& f) { f["model_max_length"] = 0; });
  damaged("model_max_length must be a number", [](json& f) { f["model_max_length"] = "x"; });
  damaged("the file must be an object, is array", [](json& f) { f = json::array(); });
  damaged("added_tokens_decoder must be an object, is number",
          [](json& f) { f["added_tokens_decoder"] = 3; });
  damaged("the id of '[angry]' must be an integer",
          [](json& f) { f["added_tokens_decoder"]["x"] = f["added_tokens_decoder"]["50257"]; });
  damaged("the added token '[angry]' is there twice",
          [](json& f) { f["added_tokens_decoder"]["50300"] = f["added_tokens_decoder"]["50257"]; });
  folder.write(config, R"({"add_prefix_space": true})");
  expect_error(Status::kUnsupported, "add_prefix_space",
               [&] { (void)load_turbo_tokenizer(Folder(folder.path())); });
  folder.remove(config);
  folder.write("added_tokens.json", R"({"[laugh]": 13})");
  expect_damaged(folder, "added_tokens.json",
                 "the added token '[laugh]' has the id 13 of another token");
}

}  // namespace
}  // namespace chatterbox::text
