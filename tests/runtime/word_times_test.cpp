// Times of words by places of tokens.
#include "runtime/word_times.h"

#include <gmock/gmock.h>

#include <cmath>

namespace chatterbox::runtime {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kVocabulary = 100;

// Of three letters each, a space between them.
const std::vector<text::TextWord> kWords = {{0, 3, 0, 3}, {4, 7, 4, 7}, {8, 12, 8, 11}};

std::vector<double> times_of(const std::vector<Word>& words) {
  std::vector<double> times;
  for (const Word& word : words) {
    times.push_back(std::round(word.begin * 25));
    times.push_back(std::round(word.end * 25));
  }
  return times;
}

TEST(WordTimes, AreThoseOfTheTokensInTheirPlaces) {
  const std::vector<int64_t> tokens(12, 1);
  const std::vector<int64_t> places = {0, 0, 1, 2, 3, 3, 4, 6, 8, 9, 10, 11};
  const DrawnSpeech drawn = {tokens, places, kVocabulary};
  const auto words = words_of_speech(kWords, drawn, 12, true);
  EXPECT_THAT(times_of(words), ElementsAre(0, 4, 6, 8, 8, 11));
  EXPECT_EQ(words[2].text_begin, 8U);
  EXPECT_EQ(words[2].text_end, 12U);
}

TEST(WordTimes, GrowAsPlacesAreKnown) {
  const std::vector<int64_t> tokens(12, 1);
  const std::vector<int64_t> all = {0, 0, 1, 2, 3, 3, 4, 6, 8, 9, 10, 11};
  const auto whole = times_of(words_of_speech(kWords, {tokens, all, kVocabulary}, 12, true));
  for (size_t known = 0; known <= all.size(); ++known) {
    const std::vector<int64_t> places(all.begin(), all.begin() + static_cast<int64_t>(known));
    const auto times = times_of(words_so_far(kWords, {tokens, places, kVocabulary}));
    ASSERT_EQ(times.size(), known < 5 ? 0U : known < 9 ? 2U : known < 12 ? 4U : 6U) << known;
    EXPECT_TRUE(std::equal(times.begin(), times.end(), whole.begin()));
  }
}

TEST(WordTimes, CountWhatIsSpoken) {
  // Before its start nothing is spoken, nor what S3Gen does not know.
  const std::vector<int64_t> tokens = {1, 1, 200, 1, 1, 200, 1, 1, 1, 201};
  const std::vector<int64_t> places = {0, 0, 0, 1, 3, 4, 5, 8, 9, 11};
  const DrawnSpeech drawn = {tokens, places, kVocabulary};
  EXPECT_THAT(times_of(words_of_speech(kWords, drawn, 5, true)), ElementsAre(0, 1, 2, 3, 3, 5));
  EXPECT_THAT(times_of(words_of_speech(kWords, drawn, 7, true)), ElementsAre(0, 3, 4, 5, 5, 7));
  // Silence behind it is not spoken by T3.
  EXPECT_THAT(times_of(words_of_speech(kWords, drawn, 10, true)), ElementsAre(0, 3, 4, 5, 5, 7));
}

// A word that is passed over takes no time. Where the end came, the rest of the text was spoken;
// where the speech was cut, it was not.
TEST(WordTimes, OfWordsThatTheSpeechDoesNotReach) {
  const std::vector<int64_t> tokens(4, 1);
  const std::vector<int64_t> passing = {0, 3, 8, 11};
  EXPECT_THAT(times_of(words_of_speech(kWords, {tokens, passing, kVocabulary}, 4, true)),
              ElementsAre(0, 1, 2, 2, 2, 3));
  const std::vector<int64_t> early = {0, 3, 4, 5};
  EXPECT_THAT(times_of(words_of_speech(kWords, {tokens, early, kVocabulary}, 4, true)),
              ElementsAre(0, 1, 2, 4, 4, 4));
  EXPECT_THAT(times_of(words_of_speech(kWords, {tokens, early, kVocabulary}, 4, false)),
              ElementsAre(0, 1, 2, 4));
}

}  // namespace
}  // namespace chatterbox::runtime
