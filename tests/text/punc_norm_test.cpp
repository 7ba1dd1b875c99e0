#include "text/punc_norm.h"

#include "support/status.h"
#include "text/text_golden.h"

namespace chatterbox::text {
namespace {

TEST(PuncNorm, EqualsTheReference) {
  const auto texts = all_texts();
  ASSERT_GT(texts.size(), 120U);
  for (const auto& text : texts) {
    const auto input = text.at("input").get<std::string>();
    EXPECT_EQ(punc_norm_english(input), text.at("normalized").get<std::string>()) << input;
  }
}

TEST(PuncNorm, TestsTheFirstCharacterBeforeSpacesGo) {
  EXPECT_EQ(punc_norm_english("hello"), "Hello.");
  EXPECT_EQ(punc_norm_english(" hello"), "hello.");
}

TEST(PuncNorm, UpperCaseMayGrow) {
  EXPECT_EQ(punc_norm_english("ﬁne"), "FIne.");
  EXPECT_EQ(punc_norm_english("ß"), "SS.");
}

TEST(PuncNorm, RulesSeeWhatEarlierRulesLeft) {
  EXPECT_EQ(punc_norm_english("A ... b"), "A,  b.");
  EXPECT_EQ(punc_norm_english("A : b"), "A, b.");
}

TEST(PuncNorm, RefusesWhatIsNotUtf8) {
  try {
    (void)punc_norm_english("ab\xFF");
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kInvalidArgument);
    EXPECT_STREQ(error.what(), "text must be UTF-8, byte 2 is not");
  }
}

}  // namespace
}  // namespace chatterbox::text
