// Files that are no voices, or damaged ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "support/synthetic/synthetic.h"
#include "voice/conditionals.h"
#include "voice/same_bits.h"
#include "voice/voice_files.h"

namespace chatterbox::voice {
namespace {

using testing::expect_bad_voice;
using testing::field;
using testing::Fields;
using testing::small_voice;

Conditionals parse_bytes(const std::string& bytes) {
  // In a block of its own size, so that a sanitizer sees every byte read past the end.
  const std::vector<char> copy(bytes.begin(), bytes.end());
  return parse(copy.data(), copy.size(), "me.voice");
}

void expect_refused(const std::string& bytes, const std::string& what) {
  expect_bad_voice([&] { (void)parse_bytes(bytes); }, "me.voice: " + what);
}

// Both kinds of files with the one field replaced; `what` follows the field's name in the message.
void expect_field_refused(const std::string& name, const testing::Field& value,
                          const std::string& what) {
  Fields fields = testing::fields_of(small_voice());
  fields[name] = value;
  expect_refused(testing::voice_file(fields), "voice." + name + what);
  expect_refused(testing::conds_file(fields),
                 (name.rfind("gen.", 0) == 0 ? name : "t3." + name) + what);
}

TEST(ConditionalsDamage, TheGoodOnesAreGood) {
  const Fields fields = testing::fields_of(small_voice());
  testing::expect_same_bits(parse_bytes(testing::voice_file(fields)), small_voice());
  testing::expect_same_bits(parse_bytes(testing::conds_file(fields)), small_voice());
}

TEST(ConditionalsDamage, AMissingTensorIsNamed) {
  const Fields good = testing::fields_of(small_voice());
  for (const auto& [name, value] : good) {
    Fields fields = good;
    fields.erase(name);
    expect_refused(testing::voice_file(fields), "voice." + name + " is missing");
    expect_refused(testing::conds_file(fields),
                   (name.rfind("gen.", 0) == 0 ? name : "t3." + name) + " is missing");
  }
}

TEST(ConditionalsDamage, AWrongTypeIsNamed) {
  for (const char* name : {"speaker_emb", "gen.embedding"}) {
    const int64_t size = name[0] == 's' ? 256 : 192;
    const std::vector<double> wide(static_cast<size_t>(size), 0.5);
    expect_field_refused(name, field(wide, {1, size}), " is of type F64, F32 belongs there");
  }
  expect_field_refused("gen.prompt_feat", field(std::vector<int32_t>(480), {1, 6, 80}),
                       " is of type I32, F32 belongs there");
  expect_field_refused("emotion_adv", field(std::vector<double>{0.5}, {1, 1, 1}),
                       " is of type F64, F32 belongs there");
  for (const char* name : {"cond_prompt_speech_tokens", "gen.prompt_token"}) {
    expect_field_refused(name, field(std::vector<float>{1, 2, 3}, {1, 3}),
                         " is of type F32, I64 belongs there");
  }
}

TEST(ConditionalsDamage, AWrongShapeIsNamed) {
  expect_field_refused("speaker_emb", field(std::vector<float>(256), {256}),
                       " has the shape [256], [1, -1] belongs there (-1: any)");
  expect_field_refused("gen.embedding", field(std::vector<float>(384), {2, 192}),
                       " has the shape [2, 192], [1, -1] belongs there");
  expect_field_refused("gen.prompt_feat", field(std::vector<float>(480), {1, 80, 6}),
                       " has the shape [1, 80, 6], [1, -1, 80] belongs there");
  expect_field_refused("emotion_adv", field(std::vector<float>{}, {1, 1, 0}),
                       " has the shape [1, 1, 0], [1, 1, 1] belongs there");
  expect_field_refused("gen.prompt_token", field(std::vector<int64_t>{1}, {}),
                       " has the shape [], [1, -1] belongs there");
}

TEST(ConditionalsDamage, TokensOf32BitsAreRead) {
  Fields fields = testing::fields_of(small_voice());
  fields["gen.prompt_token"] = field(std::vector<int32_t>{1, 2, 3}, {1, 3});
  testing::expect_same_bits(parse_bytes(testing::voice_file(fields)), small_voice());
  testing::expect_same_bits(parse_bytes(testing::conds_file(fields)), small_voice());
  fields["gen.prompt_token"] = field(std::vector<int32_t>{1, -2, 3}, {1, 3});
  expect_refused(testing::voice_file(fields), "s3gen_tokens has the token -2");
}

TEST(ConditionalsDamage, WhatIsNoVoiceIsSaidToBeNone) {
  const Fields fields = testing::fields_of(small_voice());
  expect_refused(testing::voice_file(fields, {}),
                 "not a saved voice: its format is \"\", not \"chatterbox.voice\"");
  expect_refused(testing::voice_file(fields, {{"format", "pt"}, {"version", "1"}}),
                 "not a saved voice: its format is \"pt\"");
  expect_refused(testing::voice_file(fields, {{"format", "chatterbox.voice"}}),
                 "a voice of version \"\", only \"1\" is known");
  expect_refused(testing::voice_file(fields, {{"format", "chatterbox.voice"}, {"version", "2"}}),
                 "a voice of version \"2\", only \"1\" is known");
  Fields more = fields;
  more["gen.other"] = field(std::vector<float>{1}, {1});
  expect_refused(testing::voice_file(more), "7 tensors, 6 belong in a voice");
}

// A conds.pt may say how many of the tokens count.
TEST(ConditionalsDamage, TheLengthOfThePromptMustBeThatOfItsTokens) {
  Fields fields = testing::fields_of(small_voice());
  fields["gen.prompt_token_len"] = field(std::vector<int64_t>{3}, {1});
  EXPECT_NO_THROW((void)parse_bytes(testing::conds_file(fields)));
  fields["gen.prompt_token_len"] = field(std::vector<int64_t>{2}, {1});
  expect_refused(testing::conds_file(fields),
                 "gen.prompt_token_len is 2, gen.prompt_token has 3 tokens");
  fields["gen.prompt_token_len"] = field(std::vector<int64_t>{3, 3}, {2});
  expect_refused(testing::conds_file(fields), "gen.prompt_token_len has the shape [2]");
}

TEST(ConditionalsDamage, TheEmotionOfCondsMayBeANumber) {
  const auto with_emotion = [](double value) {
    Fields fields = testing::fields_of(small_voice());
    fields.erase("emotion_adv");
    std::string bits(sizeof value, '\0');
    std::memcpy(bits.data(), &value, sizeof value);
    std::reverse(bits.begin(), bits.end());  // BINFLOAT is big-endian
    return testing::conds_file(fields, testing::pickle::text("emotion_adv") + "G" + bits);
  };
  EXPECT_EQ(parse_bytes(with_emotion(0.75)).emotion, 0.75F);
  expect_refused(with_emotion(1e300), "emotion: element 0 is inf");
}

TEST(ConditionalsDamage, OtherFilesAreNamed) {
  expect_refused("", "0 bytes, neither a saved voice (safetensors) nor a conds.pt");
  expect_refused("x", "1 bytes, neither");
  expect_refused("\x80\x02}q\x01." + std::string(50, '\0'), "56 bytes, neither");
  expect_refused("RIFF\x24\x08\x00\x00WAVEfmt ", "a recording, not a saved voice");
  expect_refused("PK", "2 bytes are too few for a zip archive");
  expect_refused("PK" + std::string(100, '\0'), "no zip archive, or a truncated one");
  expect_refused(std::string(8, '\0') + "{}", "the header does not begin with {");
  expect_refused(std::string((64U << 20U) + 1, '\0'),
                 "67108865 bytes, a voice has at most 67108864");
}

TEST(ConditionalsDamage, PathsThatCannotBeRead) {
  const testing::TemporaryFolder folder;
  const auto expect = [](const std::string& path, Status status) {
    try {
      (void)load(path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), status) << error.what();
      EXPECT_EQ(std::string(error.what()).rfind(path + ": ", 0), 0U) << error.what();
    }
  };
  expect(folder.file("none.voice"), Status::kNotFound);
  expect(folder.file(""), Status::kIo);  // a folder
  std::ofstream(folder.file("empty.voice")).flush();
  expect(folder.file("empty.voice"), Status::kBadVoice);
  expect(std::string(CHATTERBOX_TEST_DATA) + "/data/espeak_f3_22k.wav", Status::kBadVoice);
  expect(std::string(CHATTERBOX_TEST_DATA) + "/golden/text_english.json", Status::kBadVoice);
  try {
    save(small_voice(), folder.file("no/a.voice"));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kIo) << error.what();
  }
}

void expect_bad_wherever_truncated(const std::string& bytes) {
  constexpr size_t kPlaces = 200;
  ASSERT_GT(bytes.size(), kPlaces);
  for (size_t i = 0; i < kPlaces; ++i) {
    // Half of them in the header, where a cut matters most.
    const size_t size = i % 2 == 0 ? i / 2 * 8 : bytes.size() * i / kPlaces;
    expect_refused(bytes.substr(0, size), "");
  }
  expect_refused(bytes.substr(0, bytes.size() - 1), "");
}

TEST(ConditionalsDamage, TruncatedAt200Places) {
  expect_bad_wherever_truncated(testing::voice_file(testing::fields_of(small_voice())));
  expect_bad_wherever_truncated(
      std::string(testing::synthetic_conds_pt(testing::SyntheticSize::kTiny)));
}

// A flip is refused as a bad voice, or it changed nothing that a voice consists of.
void expect_no_flip_gets_through(const std::string& bytes, size_t begin, size_t end,
                                 const Conditionals& expected) {
  for (size_t bit = 8 * begin; bit < 8 * end; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    try {
      testing::expect_same_bits(parse_bytes(damaged), expected);
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kBadVoice) << error.what();
      EXPECT_EQ(std::string(error.what()).rfind("me.voice: ", 0), 0U) << error.what();
    }
    if (::testing::Test::HasFailure()) FAIL() << "bit " << bit;
  }
}

TEST(ConditionalsDamage, FlippedBitsInTheHeaderOfASavedVoice) {
  // All tensors have different sizes, so that none can take another's place unnoticed.
  const std::string bytes = testing::voice_file(testing::fields_of(small_voice()));
  const size_t header =
      8 + static_cast<unsigned char>(bytes[0]) + 256U * static_cast<unsigned char>(bytes[1]);
  constexpr size_t kMostPadding = 64;  // safetensors_writer.cpp
  ASSERT_NE(bytes.substr(header - kMostPadding, kMostPadding).find('}'), std::string::npos);
  expect_no_flip_gets_through(bytes, 0, header, small_voice());
}

TEST(ConditionalsDamage, FlippedBitsInAConds) {
  const std::string bytes = testing::conds_file(testing::fields_of(small_voice()));
  const size_t directory = bytes.rfind("PK\x05\x06") - 700;
  expect_no_flip_gets_through(bytes, 0, 2000, small_voice());
  expect_no_flip_gets_through(bytes, directory, bytes.size(), small_voice());
}

}  // namespace
}  // namespace chatterbox::voice
