// Which family a folder holds, by the files alone. Torch-free.
#include "engine/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <initializer_list>

#include "support/temporary_folder.h"

namespace chatterbox::engine {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// A folder with empty files of these names.
class Folder {
 public:
  Folder(std::initializer_list<const char*> names) {
    for (const char* name : names) std::ofstream(folder_.file(name)) << "";
  }
  [[nodiscard]] std::string path() const { return folder_.file(""); }

 private:
  testing::TemporaryFolder folder_;
};

struct Refusal {
  Status status;
  std::string message;
};

Refusal refusal(const Folder& folder, std::optional<Family> wanted = std::nullopt) {
  try {
    (void)find_family(folder.path(), wanted);
  } catch (const Error& error) {
    return {error.status(), error.what()};
  }
  return {Status::kOk, "no error"};
}

TEST(FindFamily, EachByItsT3) {
  const Folder english{"t3_cfg.safetensors", "s3gen.safetensors", "ve.safetensors",
                       "tokenizer.json", "conds.pt"};
  FamilyFiles files = find_family(english.path(), std::nullopt);
  EXPECT_STREQ(files.traits.name, "english");
  EXPECT_THAT(files.t3, EndsWith("/t3_cfg.safetensors"));
  EXPECT_THAT(files.default_voice, EndsWith("/conds.pt"));
  EXPECT_EQ(files.sentencepiece, "");

  const Folder turbo{"t3_turbo_v1.safetensors", "s3gen_meanflow.safetensors", "ve.safetensors",
                     "vocab.json", "merges.txt"};
  files = find_family(turbo.path(), std::nullopt);
  EXPECT_EQ(files.traits.family, Family::kTurbo);
  EXPECT_THAT(files.s3gen, EndsWith("/s3gen_meanflow.safetensors"));
  EXPECT_EQ(files.default_voice, "");

  const Folder nano{"t3_nano_v1.safetensors", "s3gen_meanflow.safetensors", "ve.safetensors",
                    "tokenizer.json"};
  EXPECT_STREQ(find_family(nano.path(), std::nullopt).traits.name, "nano");

  const Folder first{"t3_23lang.safetensors", "s3gen.pt", "ve.pt", "mtl_tokenizer.json"};
  files = find_family(first.path(), std::nullopt);
  EXPECT_EQ(files.traits.kind, Kind::kMultilingual);
  EXPECT_THAT(files.s3gen, EndsWith("/s3gen.pt"));
  EXPECT_THAT(files.voice_encoder, EndsWith("/ve.pt"));
}

// As the whole published repository, which has the English models too.
TEST(FindFamily, TheOneThatIsAskedFor) {
  const Folder all{"t3_cfg.safetensors",
                   "t3_mtl23ls_v2.safetensors",
                   "t3_mtl23ls_v3.safetensors",
                   "s3gen.safetensors",
                   "s3gen.pt",
                   "ve.safetensors",
                   "ve.pt",
                   "tokenizer.json",
                   "grapheme_mtl_merged_expanded_v1.json"};
  const auto t3 = [&](Family family) { return find_family(all.path(), family).t3; };
  EXPECT_THAT(t3(Family::kEnglish), EndsWith("/t3_cfg.safetensors"));
  EXPECT_THAT(t3(Family::kMultilingual), EndsWith("/t3_mtl23ls_v2.safetensors"));
  EXPECT_THAT(t3(Family::kMultilingualV2), EndsWith("/t3_mtl23ls_v2.safetensors"));
  EXPECT_THAT(t3(Family::kMultilingualV3), EndsWith("/t3_mtl23ls_v3.safetensors"));
  EXPECT_THAT(find_family(all.path(), Family::kMultilingual).s3gen, EndsWith("/s3gen.safetensors"));

  Refusal refused = refusal(all);
  EXPECT_EQ(refused.status, Status::kInvalidArgument);
  EXPECT_THAT(refused.message,
              HasSubstr("holds t3_cfg.safetensors (english) and t3_mtl23ls_v2.safetensors "
                        "(multilingual) and t3_mtl23ls_v3.safetensors (multilingual), so family "
                        "must say which one is to be used"));
  refused = refusal(all, Family::kTurbo);
  EXPECT_EQ(refused.status, Status::kNotFound);
  EXPECT_THAT(refused.message, HasSubstr("it has grapheme_mtl_merged_expanded_v1.json, "));
  EXPECT_THAT(refused.message,
              HasSubstr("turbo needs t3_turbo_v1.safetensors, s3gen_meanflow.safetensors, "
                        "ve.safetensors, vocab.json and merges.txt or tokenizer.json"));
}

TEST(FindFamily, IncompleteFoldersAreListed) {
  const Folder turbo{"t3_turbo_v1.safetensors", "ve.safetensors", "vocab.json"};
  const Refusal refused = refusal(turbo);
  EXPECT_EQ(refused.status, Status::kNotFound);
  EXPECT_THAT(refused.message,
              HasSubstr("missing s3gen_meanflow.safetensors, vocab.json and merges.txt or "
                        "tokenizer.json: it has t3_turbo_v1.safetensors, ve.safetensors, "
                        "vocab.json; turbo needs"));
  const Refusal empty = refusal(Folder{});
  EXPECT_EQ(empty.status, Status::kNotFound);
  EXPECT_THAT(empty.message, HasSubstr("no T3 of any family: it is empty; english needs"));
  EXPECT_THAT(empty.message, HasSubstr("nano needs t3_nano_v1.safetensors"));
}

TEST(FindFamily, ASentencePieceModelTakesTheTokenizersPlace) {
  const Folder one{"t3_cfg.safetensors", "s3gen.safetensors", "ve.safetensors", "german.model"};
  EXPECT_THAT(find_family(one.path(), std::nullopt).sentencepiece, EndsWith("/german.model"));
  const Folder two{"t3_cfg.safetensors", "s3gen.safetensors", "ve.safetensors", "a.model",
                   "b.model"};
  const Refusal refused = refusal(two);
  EXPECT_EQ(refused.status, Status::kInvalidArgument);
  EXPECT_THAT(refused.message,
              HasSubstr("more than one SentencePiece tokenizer: a.model, b.model"));
}

TEST(DefaultRequest, IsThatOfTheFamily) {
  const Folder turbo{"t3_turbo_v1.safetensors", "s3gen_meanflow.safetensors", "ve.safetensors",
                     "tokenizer.json"};
  const Request request = default_request(find_family(turbo.path(), std::nullopt).traits);
  EXPECT_EQ(request.top_k, 1000);
  EXPECT_EQ(request.top_p, 0.95F);
  EXPECT_EQ(request.temperature, 0.8F);
  EXPECT_EQ(request.repetition_penalty, 1.2F);
  EXPECT_EQ(request.cfg_weight, 0);
  EXPECT_EQ(request.min_p, 0);
  EXPECT_EQ(request.exaggeration, 0);
  EXPECT_EQ(request.cfm_steps, 2);
  EXPECT_FALSE(request.analyze_alignment);
  EXPECT_EQ(default_request(english_traits()).cfm_steps, 10);
}

}  // namespace
}  // namespace chatterbox::engine
