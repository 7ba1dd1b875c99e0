#include "engine/voice.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"
#include "voice/same_bits.h"
#include "voice/voice_files.h"

namespace chatterbox {
namespace {

using testing::small_voice;

Voice hold(const voice::Conditionals& conditionals) {
  return Voice(std::make_shared<const voice::Conditionals>(conditionals));
}

TEST(Voice, OneContentHasOneIdWhereverItIsFrom) {
  const testing::TemporaryFolder folder;
  const Voice made = hold(small_voice());
  EXPECT_EQ(made.id().size(), 32U);
  EXPECT_EQ(made.id(), voice::content_id(small_voice()));
  made.save(folder.file("a.voice"));
  const Voice loaded = Voice::load(folder.file("a.voice"));
  EXPECT_EQ(loaded.id(), made.id());
  testing::expect_same_bits(*loaded.conditionals(), small_voice());
  EXPECT_EQ(Voice::parse(made.serialise(), "bytes").id(), made.id());
  const std::string conds = testing::conds_file(testing::fields_of(small_voice()));
  EXPECT_EQ(Voice::parse(conds, "conds.pt").id(), made.id());
  voice::Conditionals other = small_voice();
  other.emotion = 0.75F;
  EXPECT_NE(hold(other).id(), made.id());
}

TEST(Voice, BytesAreThoseOfTheFile) {
  const testing::TemporaryFolder folder;
  const Voice voice = hold(small_voice());
  voice.save(folder.file("a.voice"));
  EXPECT_EQ(voice.serialise(), testing::read_file(folder.file("a.voice")));
}

TEST(Voice, CopiesShareTheirContent) {
  const Voice voice = hold(small_voice());
  const Voice copy = voice;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.conditionals(), voice.conditionals());
  EXPECT_EQ(copy.id(), voice.id());
}

TEST(Voice, OfNothingThereIsNone) {
  try {
    (void)Voice(std::shared_ptr<const voice::Conditionals>());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kInternal);
  }
  testing::expect_bad_voice([] { (void)Voice::parse("no voice", "me"); }, "me: 8 bytes, neither");
}

}  // namespace
}  // namespace chatterbox
