#include "voice/conditionals.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "checkpoint/safetensors.h"
#include "support/error.h"
#include "support/synthetic/synthetic.h"
#include "support/temporary_folder.h"
#include "voice/same_bits.h"
#include "voice/voice_files.h"

namespace chatterbox::voice {
namespace {

using testing::expect_same_bits;
using testing::SyntheticSize;

Conditionals conds(SyntheticSize size) {
  const std::string_view bytes = testing::synthetic_conds_pt(size);
  return parse(bytes.data(), bytes.size(), "conds.pt");
}

template <class T>
std::vector<T> golden_values(const checkpoint::TensorFile& golden, const char* name) {
  const checkpoint::TensorEntry* entry = golden.find(name);
  if (entry == nullptr) return {};
  const auto* data = static_cast<const T*>(entry->data);
  return {data, data + entry->bytes / sizeof(T)};
}

// The reference saved each conds.pt from the recording and the checkpoint of the golden.
void expect_golden(SyntheticSize size, const std::string& name) {
  const auto golden = checkpoint::open_safetensors(std::string(CHATTERBOX_TEST_DATA) + "/golden/" +
                                                   name + ".safetensors");
  Conditionals expected;
  expected.speaker_emb = golden_values<float>(*golden, "voice.speaker_emb");
  expected.prompt_tokens = golden_values<int64_t>(*golden, "voice.cond_prompt_speech_tokens");
  expected.emotion = 0.5F;
  expected.s3gen_tokens = golden_values<int64_t>(*golden, "voice.gen.prompt_token");
  expected.s3gen_mel = golden_values<float>(*golden, "voice.gen.prompt_feat");
  expected.x_vector = golden_values<float>(*golden, "voice.gen.embedding");
  ASSERT_NO_THROW(validate(expected));
  expect_same_bits(conds(size), expected);
}

TEST(Conditionals, CondsOfTheReferenceTiny) {
  expect_golden(SyntheticSize::kTiny, "en_tiny_default");
}
TEST(Conditionals, CondsOfTheReferenceFull) {
  expect_golden(SyntheticSize::kFull, "en_full_default");
}

TEST(Conditionals, SavedAndLoadedTheyHaveTheSameBits) {
  const testing::TemporaryFolder folder;
  Conditionals voice = conds(SyntheticSize::kTiny);
  voice.emotion = 0.1F;
  voice.x_vector[0] = -0.0F;
  voice.x_vector[1] = std::numeric_limits<float>::denorm_min();
  voice.x_vector[2] = std::numeric_limits<float>::max();
  voice.s3gen_tokens.back() = 6560;
  save(voice, folder.file("a.voice"));
  const Conditionals loaded = load(folder.file("a.voice"));
  expect_same_bits(loaded, voice);
  save(loaded, folder.file("b.voice"));
  EXPECT_EQ(testing::read_file(folder.file("a.voice")), testing::read_file(folder.file("b.voice")));
}

TEST(Conditionals, AreLoadedFromMemory) {
  const Conditionals voice = conds(SyntheticSize::kFull);
  const FilesInMemory files("given", {{"a.voice", own_bytes(serialise(voice))}});
  expect_same_bits(load(files, "a.voice"), voice);
}

TEST(Conditionals, SaveReplacesAFile) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.file("a.voice")) << "something else";
  const Conditionals voice = conds(SyntheticSize::kFull);
  save(voice, folder.file("a.voice"));
  expect_same_bits(load(folder.file("a.voice")), voice);
}

// The mel may be a few frames longer than two for each token, not shorter.
TEST(Conditionals, LimitsOfEachField) {
  Conditionals voice = testing::small_voice();
  EXPECT_NO_THROW(validate(voice));
  voice.s3gen_mel.resize(14 * 80);
  EXPECT_NO_THROW(validate(voice));
  voice.prompt_tokens.assign(375, 6560);
  EXPECT_NO_THROW(validate(voice));
  voice.s3gen_tokens.assign(1500, 0);
  voice.s3gen_mel.assign(3000 * 80, -11.5F);
  EXPECT_NO_THROW(validate(voice));
}

struct Defect {
  const char* message;
  void (*damage)(Conditionals& voice);
};

const Defect kDefects[] = {
    {"speaker_emb has 255 elements, 256 belong there",
     [](Conditionals& v) { v.speaker_emb.pop_back(); }},
    {"speaker_emb has 0 elements", [](Conditionals& v) { v.speaker_emb.clear(); }},
    {"speaker_emb: element 255 is nan, not a finite number",
     [](Conditionals& v) { v.speaker_emb.back() = std::numeric_limits<float>::quiet_NaN(); }},
    {"prompt_tokens has 0 tokens, 1 to 375 belong there",
     [](Conditionals& v) { v.prompt_tokens.clear(); }},
    {"prompt_tokens has 376 tokens, 1 to 375 belong there",
     [](Conditionals& v) { v.prompt_tokens.resize(376); }},
    {"prompt_tokens has the token 6561, the range is 0 to 6560",
     [](Conditionals& v) { v.prompt_tokens[1] = 6561; }},
    {"prompt_tokens has the token -1,", [](Conditionals& v) { v.prompt_tokens[0] = -1; }},
    {"emotion: element 0 is inf",
     [](Conditionals& v) { v.emotion = std::numeric_limits<float>::infinity(); }},
    {"s3gen_tokens has 0 tokens, 1 to 1500", [](Conditionals& v) { v.s3gen_tokens.clear(); }},
    {"s3gen_tokens has 1501 tokens", [](Conditionals& v) { v.s3gen_tokens.resize(1501); }},
    {"s3gen_tokens has the token 9223372036854775807",
     [](Conditionals& v) { v.s3gen_tokens[2] = std::numeric_limits<int64_t>::max(); }},
    {"s3gen_mel has 479 elements, not a multiple of 80",
     [](Conditionals& v) { v.s3gen_mel.pop_back(); }},
    {"s3gen_mel has 5 frames, 6 to 14 belong to 3 s3gen_tokens",
     [](Conditionals& v) { v.s3gen_mel.resize(5 * 80); }},
    {"s3gen_mel has 15 frames, 6 to 14 belong to 3 s3gen_tokens",
     [](Conditionals& v) { v.s3gen_mel.resize(15 * 80); }},
    {"s3gen_mel: element 81 is -inf",
     [](Conditionals& v) { v.s3gen_mel[81] = -std::numeric_limits<float>::infinity(); }},
    {"x_vector has 193 elements, 192 belong there",
     [](Conditionals& v) { v.x_vector.push_back(0); }},
    {"x_vector: element 7 is nan",
     [](Conditionals& v) { v.x_vector[7] = std::numeric_limits<float>::quiet_NaN(); }},
};

TEST(Conditionals, ValidateNamesTheDamagedField) {
  for (const Defect& defect : kDefects) {
    Conditionals voice = testing::small_voice();
    defect.damage(voice);
    testing::expect_bad_voice([&] { validate(voice); }, defect.message);
  }
}

TEST(Conditionals, SaveRefusesADamagedVoiceAndLeavesNoFile) {
  const testing::TemporaryFolder folder;
  for (const Defect& defect : kDefects) {
    Conditionals voice = testing::small_voice();
    defect.damage(voice);
    testing::expect_bad_voice([&] { save(voice, folder.file("a.voice")); }, defect.message);
    EXPECT_FALSE(std::filesystem::exists(folder.file("a.voice")));
  }
}

TEST(Conditionals, ParseNamesTheFileAndTheDamagedField) {
  const testing::TemporaryFolder folder;
  for (const Defect& defect : kDefects) {
    Conditionals voice = testing::small_voice();
    defect.damage(voice);
    // A file cannot have a mel that is no whole number of frames.
    if (voice.s3gen_mel.size() % 80 != 0) continue;
    const std::string bytes = testing::voice_file(testing::fields_of(voice));
    testing::expect_bad_voice([&] { (void)parse(bytes.data(), bytes.size(), "me.voice"); },
                              std::string("me.voice: ") + defect.message);
  }
}

}  // namespace
}  // namespace chatterbox::voice
