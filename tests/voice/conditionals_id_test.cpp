// A voice's bytes in memory, and its content id.
#include <gmock/gmock.h>

#include <set>

#include "support/temporary_folder.h"
#include "voice/conditionals.h"
#include "voice/same_bits.h"
#include "voice/voice_files.h"

namespace chatterbox::voice {
namespace {

using testing::small_voice;

Conditionals parse_bytes(const std::string& bytes) {
  return parse(bytes.data(), bytes.size(), "bytes");
}

TEST(ConditionalsBytes, AreTheFilesBytes) {
  const testing::TemporaryFolder folder;
  const Conditionals voice = small_voice();
  save(voice, folder.file("a.voice"));
  const std::string bytes = serialise(voice);
  EXPECT_EQ(bytes, testing::read_file(folder.file("a.voice")));
  testing::expect_same_bits(parse_bytes(bytes), voice);
}

TEST(ConditionalsBytes, OfADamagedVoiceThereAreNone) {
  Conditionals voice = small_voice();
  voice.x_vector.pop_back();
  testing::expect_bad_voice([&] { (void)serialise(voice); }, "x_vector has 191 elements");
}

TEST(ConditionalsBytes, ARecordingIsNoVoice) {
  for (const std::string start : {"RIFF0000WAVE", "fLaC", "OggS", "ID3\x04", "\xFF\xFB\x90\x64"}) {
    testing::expect_bad_voice([&] { (void)parse_bytes(start + std::string(100, 'x')); },
                              "bytes: a recording, not a saved voice");
  }
}

// Of a conds.pt, of a file with 32-bit tokens, and of a saved voice.
TEST(ContentId, IsEqualForEqualContentWhereverItIsFrom) {
  const Conditionals voice = small_voice();
  const std::string id = content_id(voice);
  EXPECT_THAT(id, ::testing::MatchesRegex("[0-9a-f]{32}"));
  testing::Fields fields = testing::fields_of(voice);
  EXPECT_EQ(content_id(parse_bytes(testing::voice_file(fields))), id);
  EXPECT_EQ(content_id(parse_bytes(testing::conds_file(fields))), id);
  EXPECT_EQ(content_id(parse_bytes(serialise(voice))), id);
  fields["gen.prompt_token"] = testing::field(std::vector<int32_t>{1, 2, 3}, {1, 3});
  EXPECT_EQ(content_id(parse_bytes(testing::conds_file(fields))), id);
}

// Hosts keep ids: they must stay. This one is Python's hashlib.blake2b, of the fields in their
// order.
TEST(ContentId, OfAKnownVoice) {
  EXPECT_EQ(content_id(small_voice()), "093b37f63bb59d89b9548dfbeeac4e7c");
}

TEST(ContentId, EveryFieldCounts) {
  std::set<std::string> ids = {content_id(small_voice())};
  const auto differs = [&ids](void (*change)(Conditionals & voice)) {
    Conditionals voice = small_voice();
    change(voice);
    EXPECT_TRUE(ids.insert(content_id(voice)).second) << ids.size();
  };
  differs([](Conditionals& v) { v.speaker_emb[255] += 1; });
  differs([](Conditionals& v) { v.prompt_tokens[0] = 1; });
  differs([](Conditionals& v) { v.emotion = 0.25F; });
  differs([](Conditionals& v) { v.s3gen_tokens[2] = 0; });
  differs([](Conditionals& v) { v.s3gen_mel[479] = 0; });
  differs([](Conditionals& v) { v.x_vector[0] = -0.25F; });
  differs([](Conditionals& v) { v.prompt_tokens.push_back(1); });
  // A token that changes its field.
  differs([](Conditionals& v) {
    v.prompt_tokens.push_back(1);
    v.s3gen_tokens.erase(v.s3gen_tokens.begin());
  });
}

}  // namespace
}  // namespace chatterbox::voice
