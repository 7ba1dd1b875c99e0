// Tokenizer files that must be refused, with a message that says why.
#include <gmock/gmock.h>

#include <functional>

#include "support/status.h"
#include "text/english_tokenizer.h"
#include "text/text_golden.h"

namespace chatterbox::text {
namespace {

using nlohmann::json;
using testing::HasSubstr;

void expect_refused(const std::string& text, Status status, const std::string& why) {
  try {
    (void)EnglishTokenizer::parse(text, "t.json");
    ADD_FAILURE() << "accepted, expected: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_THAT(error.what(), testing::StartsWith("t.json: "));
    EXPECT_THAT(error.what(), HasSubstr(why));
    EXPECT_LT(std::string(error.what()).size(), 300U);
  }
}

void expect_change_refused(Status status, const std::string& why,
                           const std::function<void(json&)>& change) {
  json file = json::parse(english_tokenizer_json());
  change(file);
  expect_refused(file.dump(), status, why);
}

TEST(TokenizerDamage, Truncated) {
  const std::string file = english_tokenizer_json();
  for (size_t i = 0; i < 200; ++i) {
    expect_refused(file.substr(0, file.size() * i / 200), Status::kBadModelFile,
                   "not valid JSON at byte");
  }
}

TEST(TokenizerDamage, OtherKindsAreNamed) {
  const auto refused = [](const char* why, const std::function<void(json&)>& change) {
    expect_change_refused(Status::kUnsupported, why, change);
  };
  refused("model 'Unigram' is not supported, only BPE",
          [](json& f) { f["model"]["type"] = "Unigram"; });
  refused("pre_tokenizer 'ByteLevel'", [](json& f) { f["pre_tokenizer"]["type"] = "ByteLevel"; });
  refused("pre_tokenizer null", [](json& f) { f["pre_tokenizer"] = nullptr; });
  refused("normalizer is", [](json& f) { f["normalizer"] = {{"type", "NFKC"}}; });
  refused("post_processor is", [](json& f) { f["post_processor"] = {{"type", "ByteLevel"}}; });
  refused("truncation is", [](json& f) { f["truncation"] = {{"max_length", 3}}; });
  refused("padding is", [](json& f) { f["padding"] = {{"pad_id", 3}}; });
  refused("model.dropout", [](json& f) { f["model"]["dropout"] = 0.1; });
  refused("model.byte_fallback", [](json& f) { f["model"]["byte_fallback"] = true; });
  refused("model.end_of_word_suffix", [](json& f) { f["model"]["end_of_word_suffix"] = "</w>"; });
  refused("model.continuing_subword_prefix",
          [](json& f) { f["model"]["continuing_subword_prefix"] = "##"; });
}

TEST(TokenizerDamage, WrongTypesAndMissingParts) {
  const auto refused = [](const char* why, const std::function<void(json&)>& change) {
    expect_change_refused(Status::kBadModelFile, why, change);
  };
  refused("must be an object, is array", [](json& f) { f = json::array(); });
  refused("model is missing", [](json& f) { f.erase("model"); });
  refused("model must be an object", [](json& f) { f["model"] = 3; });
  refused("type must be a string", [](json& f) { f["model"]["type"] = 3; });
  refused("vocab is missing", [](json& f) { f["model"].erase("vocab"); });
  refused("model.vocab must be an object", [](json& f) { f["model"]["vocab"] = "x"; });
  refused("merges is missing", [](json& f) { f["model"].erase("merges"); });
  refused("model.merges must be an array", [](json& f) { f["model"]["merges"] = 1.5; });
  refused("a merge must be a string", [](json& f) { f["model"]["merges"][5] = 7; });
  refused("is 'th'", [](json& f) { f["model"]["merges"][0] = "th"; });
  refused("is 't h e'", [](json& f) { f["model"]["merges"][0] = "t h e"; });
  refused("a merge must be", [](json& f) { f["model"]["merges"][0] = {"t"}; });
  refused("merge 3: '\u6f22' is not in", [](json& f) { f["model"]["merges"][3] = "\u6f22 h"; });
  refused("'xq' is not in", [](json& f) { f["model"]["merges"][9] = "x q"; });
  refused("the id of 'th' must be an integer", [](json& f) { f["model"]["vocab"]["th"] = "7"; });
  refused("the id of 'th' must be in", [](json& f) { f["model"]["vocab"]["th"] = -1; });
  refused("the id of 'th' must be in", [](json& f) { f["model"]["vocab"]["th"] = 1LL << 40; });
  refused("have the id 0", [](json& f) { f["model"]["vocab"]["th"] = 0; });
  refused("must be true or false", [](json& f) { f["model"]["fuse_unk"] = "yes"; });
  refused("model.unk_token 'nothing' is not in",
          [](json& f) { f["model"]["unk_token"] = "nothing"; });
  refused("added_tokens must be an array", [](json& f) { f["added_tokens"] = "x"; });
  refused("an added token must be an object", [](json& f) { f["added_tokens"][0] = 1; });
  refused("content is missing", [](json& f) { f["added_tokens"][0].erase("content"); });
  refused("id is missing", [](json& f) { f["added_tokens"][0].erase("id"); });
  refused("has two ids", [](json& f) { f["added_tokens"][0]["id"] = 9; });
  refused("has the id 0 of another token",
          [](json& f) { f["added_tokens"][0]["content"] = "brand new"; });
  refused("is there twice", [](json& f) { f["added_tokens"][1] = f["added_tokens"][0]; });
  refused("the token [START] is missing", [](json& f) {
    f["model"]["vocab"].erase("[START]");
    f["added_tokens"].erase(3);
  });
}

TEST(TokenizerDamage, NestingAndSizesAreLimited) {
  expect_refused(std::string(1000000, '['), Status::kBadModelFile, "nested deeper");
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  expect_refused(objects, Status::kBadModelFile, "nested deeper");
  const std::string huge(5000000, 'x');
  expect_change_refused(Status::kBadModelFile, "a token of model.vocab must have 1 to 1024 bytes",
                        [&](json& f) { f["model"]["vocab"][huge] = 5000; });
  expect_change_refused(Status::kBadModelFile,
                        "content of an added token must have 1 to 1024 bytes",
                        [&](json& f) { f["added_tokens"][0]["content"] = huge; });
  expect_change_refused(Status::kBadModelFile, "a string of 5000000 bytes",
                        [&](json& f) { f["model"]["merges"][0] = huge; });
  expect_change_refused(Status::kBadModelFile, "type must have 1 to 1024 bytes",
                        [&](json& f) { f["model"]["type"] = huge; });
  expect_change_refused(Status::kBadModelFile, "must have 1 to 1024 bytes, has 0",
                        [&](json& f) { f["added_tokens"][0]["content"] = ""; });
}

TEST(TokenizerDamage, NotJson) {
  expect_refused("", Status::kBadModelFile, "not valid JSON");
  expect_refused("{\"model\": \"\xFF\"}", Status::kBadModelFile, "not valid JSON at byte");
  expect_refused("{\"a\": 1e99999}", Status::kBadModelFile, "a number is out of range");
}

}  // namespace
}  // namespace chatterbox::text
