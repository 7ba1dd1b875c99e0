// Which family a folder holds, by the files alone. Torch-free.
#include "runtime/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>

#include "runtime/family_table.h"
#include "support/failure_of.h"

namespace chatterbox::runtime {
namespace {

using testing::failure_of;
using ::testing::HasSubstr;

// Empty files of these names.
FilesInMemory files_of(std::initializer_list<const char*> names) {
  FilesInMemory::Files files;
  for (const char* name : names) files.emplace(name, own_bytes(""));
  return {"m", std::move(files)};
}

FamilyFiles find(const FileSource& files, std::optional<Family> wanted = std::nullopt) {
  return find_family(files, "m", wanted);
}

Failure refusal(const FileSource& files, std::optional<Family> wanted = std::nullopt) {
  return failure_of([&] { (void)find(files, wanted); });
}

TEST(FindFamily, EachByItsT3) {
  const FilesInMemory english = files_of(
      {"t3_cfg.safetensors", "s3gen.safetensors", "ve.safetensors", "tokenizer.json", "conds.pt"});
  FamilyFiles files = find(english);
  EXPECT_STREQ(files.traits.name, "english");
  EXPECT_EQ(files.t3, "t3_cfg.safetensors");
  EXPECT_EQ(files.default_voice, "conds.pt");
  EXPECT_EQ(files.sentencepiece, "");

  const FilesInMemory turbo = files_of({"t3_turbo_v1.safetensors", "s3gen_meanflow.safetensors",
                                        "ve.safetensors", "vocab.json", "merges.txt"});
  files = find(turbo);
  EXPECT_EQ(files.traits.family, Family::kTurbo);
  EXPECT_EQ(files.s3gen, "s3gen_meanflow.safetensors");
  EXPECT_EQ(files.default_voice, "");

  const FilesInMemory nano = files_of(
      {"t3_nano_v1.safetensors", "s3gen_meanflow.safetensors", "ve.safetensors", "tokenizer.json"});
  EXPECT_STREQ(find(nano).traits.name, "nano");

  const FilesInMemory flash =
      files_of({"t3_flash.safetensors", "s3gen.safetensors", "ve.safetensors", "tokenizer.json"});
  EXPECT_EQ(find(flash).traits.family, Family::kFlash);
  EXPECT_EQ(find(flash).default_voice, "");

  const FilesInMemory first =
      files_of({"t3_23lang.safetensors", "s3gen.pt", "ve.pt", "mtl_tokenizer.json"});
  files = find(first);
  EXPECT_EQ(files.traits.text, TextKind::kMultilingual);
  EXPECT_EQ(files.s3gen, "s3gen.pt");
  EXPECT_EQ(files.voice_encoder, "ve.pt");
}

// As the whole published repository, which has the English models too.
TEST(FindFamily, TheOneThatIsAskedFor) {
  const FilesInMemory all =
      files_of({"t3_cfg.safetensors", "t3_mtl23ls_v2.safetensors", "t3_mtl23ls_v3.safetensors",
                "s3gen.safetensors", "s3gen.pt", "ve.safetensors", "ve.pt", "tokenizer.json",
                "grapheme_mtl_merged_expanded_v1.json"});
  const auto t3 = [&](Family family) { return find(all, family).t3; };
  EXPECT_EQ(t3(Family::kEnglish), "t3_cfg.safetensors");
  EXPECT_EQ(t3(Family::kMultilingual), "t3_mtl23ls_v2.safetensors");
  EXPECT_EQ(t3(Family::kMultilingualV2), "t3_mtl23ls_v2.safetensors");
  EXPECT_EQ(t3(Family::kMultilingualV3), "t3_mtl23ls_v3.safetensors");
  EXPECT_EQ(find(all, Family::kMultilingual).s3gen, "s3gen.safetensors");

  Failure refused = refusal(all);
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
  const FilesInMemory turbo = files_of({"t3_turbo_v1.safetensors", "ve.safetensors", "vocab.json"});
  const Failure refused = refusal(turbo);
  EXPECT_EQ(refused.status, Status::kNotFound);
  EXPECT_THAT(refused.message,
              HasSubstr("missing s3gen_meanflow.safetensors, vocab.json and merges.txt or "
                        "tokenizer.json: it has t3_turbo_v1.safetensors, ve.safetensors, "
                        "vocab.json; turbo needs"));
  const Failure empty = refusal(files_of({}));
  EXPECT_EQ(empty.status, Status::kNotFound);
  EXPECT_THAT(empty.message, HasSubstr("no T3 of any family: it is empty; english needs"));
  EXPECT_THAT(empty.message, HasSubstr("nano needs t3_nano_v1.safetensors"));
}

TEST(FindFamily, ASentencePieceModelTakesTheTokenizersPlace) {
  const FilesInMemory one =
      files_of({"t3_cfg.safetensors", "s3gen.safetensors", "ve.safetensors", "german.model"});
  EXPECT_EQ(find(one).sentencepiece, "german.model");
  const FilesInMemory two =
      files_of({"t3_cfg.safetensors", "s3gen.safetensors", "ve.safetensors", "a.model", "b.model"});
  const Failure refused = refusal(two);
  EXPECT_EQ(refused.status, Status::kInvalidArgument);
  EXPECT_THAT(refused.message,
              HasSubstr("more than one SentencePiece tokenizer: a.model, b.model"));
}

const FamilyTraits& traits_of(Family family) {
  const auto& all = families();
  return *std::find_if(all.begin(), all.end(),
                       [=](const FamilyTraits& traits) { return traits.family == family; });
}

// tts.py, mtl_tts.py and tts_turbo.py: what generate() takes where it is not told.
TEST(FamilyTable, HasTheDefaultsOfThePythonPackage) {
  for (const Family family : {Family::kTurbo, Family::kNano}) {
    const RequestDefaults& turbo = traits_of(family).defaults;
    EXPECT_EQ(turbo.top_k, 1000);
    EXPECT_EQ(turbo.top_p, 0.95F);
    EXPECT_EQ(turbo.temperature, 0.8F);
    EXPECT_EQ(turbo.repetition_penalty, 1.2F);
    EXPECT_EQ(turbo.cfg_weight, 0);
    EXPECT_EQ(turbo.min_p, 0);
    EXPECT_EQ(turbo.exaggeration, 0);
    EXPECT_EQ(turbo.cfm_steps, 2);
    EXPECT_FALSE(turbo.analyze_alignment);
  }
  for (const Family family : {Family::kEnglish, Family::kMultilingual, Family::kMultilingualV2,
                              Family::kMultilingualV3}) {
    const RequestDefaults& guided = traits_of(family).defaults;
    EXPECT_EQ(guided.top_k, 0);
    EXPECT_EQ(guided.cfg_weight, 0.5F);
    EXPECT_EQ(guided.cfm_steps, 10);
    EXPECT_EQ(guided.analyze_alignment, family == Family::kMultilingualV2);
  }
}

TEST(FamilyTable, FlashHasThePackagesDefaults) {
  const auto flash = std::find_if(families().begin(), families().end(), [](const auto& traits) {
    return traits.family == Family::kFlash;
  });
  ASSERT_NE(flash, families().end());
  const RequestDefaults& defaults = flash->defaults;
  EXPECT_EQ(defaults.temperature, 0.6F);
  EXPECT_EQ(defaults.cfg_weight, 1);
  EXPECT_EQ(defaults.exaggeration, 0.5F);
  EXPECT_EQ(defaults.min_p, 0);
  EXPECT_EQ(defaults.top_p, 1);
  EXPECT_EQ(defaults.top_k, 0);
  EXPECT_EQ(defaults.repetition_penalty, 1);
  EXPECT_EQ(defaults.cfm_steps, 2);
}

TEST(FamilyTable, SetsTheFamiliesApart) {
  for (const FamilyTraits& traits : families()) {
    SCOPED_TRACE(traits.t3);
    const bool turbo = traits.family == Family::kTurbo || traits.family == Family::kNano;
    const bool multilingual = traits.name == std::string("multilingual");
    EXPECT_EQ(traits.guided, !turbo);
    const bool flash = traits.family == Family::kFlash;
    EXPECT_EQ(traits.blocks, flash);
    EXPECT_EQ(traits.text == TextKind::kFlash, flash);
    EXPECT_EQ(traits.meanflow, turbo || flash);
    EXPECT_EQ(traits.drops_last_token, multilingual);
    EXPECT_EQ(traits.text == TextKind::kGpt2, turbo);
    EXPECT_EQ(traits.text == TextKind::kMultilingual, multilingual);
    EXPECT_EQ(traits.piece_tokens, turbo ? 80 : 160);
    EXPECT_EQ(traits.recipe.prompt_seconds, turbo ? 15U : 6U);
    EXPECT_EQ(traits.recipe.least_seconds, turbo ? 5 : 0);
    EXPECT_EQ(traits.recipe.normalise_loudness, turbo);
    // Turbo ends in silence, wherever its tokens stand. Flash's T3 gives no end of speech, and a
    // start of speech means nothing.
    const std::vector<int64_t> heard = traits.speech_tokens({5, 6561, 7, 6562, 8}, 6561);
    EXPECT_EQ(heard.size(), turbo ? 6U : flash ? 3U : 1U);
  }
}

}  // namespace
}  // namespace chatterbox::runtime
