// Words with their times, and how far a job was heard.
#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/long_texts.h"
#include "engine/streaming.h"
#include "engine/text_marks.h"
#include "engine/words.h"
#include "support/latch.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace chatterbox::testing;  // NOLINT

// Seconds of a letter, which the fake model speaks in one token.
constexpr double kLetter = kFakeSamplesPerToken / 24000.0;

Request with_words(Request request) {
  request.word_times = true;
  return request;
}

std::vector<std::string> texts_of(const std::string& text, const std::vector<Word>& words) {
  std::vector<std::string> texts;
  for (const Word& word : words) {
    texts.push_back(text.substr(word.text_begin, word.text_end - word.text_begin));
  }
  return texts;
}

void expect_equal(const std::vector<Word>& words, const std::vector<Word>& expected) {
  ASSERT_EQ(words.size(), expected.size());
  for (size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(words[i].text_begin, expected[i].text_begin);
    EXPECT_EQ(words[i].text_end, expected[i].text_end);
    EXPECT_EQ(words[i].begin, expected[i].begin) << i;
    EXPECT_EQ(words[i].end, expected[i].end) << i;
  }
}

// One after the other, within the text and the speech.
void expect_in_order(const std::vector<Word>& words, const std::string& text, double seconds) {
  size_t at = 0;
  double now = 0;
  for (const Word& word : words) {
    EXPECT_GE(word.text_begin, at);
    EXPECT_GT(word.text_end, word.text_begin);
    EXPECT_GE(word.begin, now - 1e-9);
    EXPECT_GE(word.end, word.begin);
    at = word.text_end;
    now = word.end;
  }
  EXPECT_LE(at, text.size());
  EXPECT_LE(now, seconds + 1e-9);
}

// What a reader gets of a stream, and that each word comes with the samples that it ends with.
struct ReadWords {
  std::vector<Word> words;
  int64_t samples = 0;
};
ReadWords read_words(const Job& job) {
  ReadWords read;
  Chunk chunk;
  while (job.next(kForever, chunk) == Job::Next::kChunk) {
    EXPECT_EQ(chunk.first_word, read.words.size());
    read.samples += static_cast<int64_t>(chunk.samples.size());
    for (const Word& word : chunk.words) {
      EXPECT_LE(word.end * 24000, static_cast<double>(read.samples) + 0.5);
      EXPECT_GT(word.end * 24000, static_cast<double>(chunk.first) - 0.5);
      expect_equal({job.word(read.words.size())}, {word});
      read.words.push_back(word);
    }
  }
  return read;
}

class WordsTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  Engine engine_{EngineOptions()};
};

TEST(DeliveredWordsTest, ComeWithTheSamplesThatTheyEndWith) {
  engine::DeliveredWords words;
  std::vector<Word> known = {{0, 1, 0, 1}, {2, 3, 1, 2}};
  EXPECT_THAT(words.next(known, 99, 100, false), IsEmpty());
  expect_equal(words.next(known, 1, 100, false), {known[0]});
  known.push_back({4, 5, 2, 3.5});
  expect_equal(words.next(known, 150, 100, false), {known[1]});
  // The end of the speech cuts what the last token says.
  expect_equal(words.next(known, 50, 100, true), {{4, 5, 2, 3}});
}

TEST(TextMarksTest, FollowTheListener) {
  engine::TextMarks marks;
  marks.end_word(10, 3);
  marks.end_word(20, 7);
  marks.end_piece(30, 8);
  marks.end_word(40, 12);
  const auto heard = [&](int64_t samples) {
    const Heard at = marks.heard(samples);
    EXPECT_EQ(at.samples, samples);
    return std::vector<size_t>{at.pieces, at.text_end};
  };
  EXPECT_THAT(heard(0), ElementsAre(0, 0));
  EXPECT_THAT(heard(9), ElementsAre(0, 0));
  EXPECT_THAT(heard(10), ElementsAre(0, 3));
  EXPECT_THAT(heard(29), ElementsAre(0, 7));
  EXPECT_THAT(heard(39), ElementsAre(1, 8));
  EXPECT_THAT(heard(99), ElementsAre(1, 12));
}

TEST_F(WordsTest, AreThoseOfTheText) {
  const std::string text = "  \"Well,\" she - said, 3 times. ";
  const Result result = engine_.submit(with_words(request_for(text))).result();
  EXPECT_THAT(texts_of(text, result.words),
              ElementsAre("\"Well,\"", "she", "said,", "3", "times."));
  EXPECT_DOUBLE_EQ(result.words[1].begin, 10 * kLetter);
  EXPECT_DOUBLE_EQ(result.words[1].end, 13 * kLetter);
  EXPECT_DOUBLE_EQ(result.words[2].end, 20 * kLetter);  // without its comma
  EXPECT_THAT(engine_.submit(request_for(text)).result().words, IsEmpty());
}

TEST_F(WordsTest, ChangeNoSample) {
  for (const bool chunks : {false, true}) {
    const Request plain = chunks ? in_chunks(sentences(2)) : request_for(sentences(2));
    const Request asked = with_words(plain);
    if (chunks) {
      EXPECT_EQ(read_all(engine_.submit(asked)).samples, read_all(engine_.submit(plain)).samples);
    } else {
      EXPECT_EQ(engine_.submit(asked).result().audio.samples,
                engine_.submit(plain).result().audio.samples);
    }
  }
}

TEST_F(WordsTest, EndWhereTheSpeechIsCut) {
  Request request = with_words(request_for("One two three four."));
  request.max_new_tokens = 9;
  const Result result = engine_.submit(request).result();
  EXPECT_THAT(texts_of(request.text, result.words), ElementsAre("One", "two"));
}

TEST_F(WordsTest, AreTheSameInAStreamAndAmongOthers) {
  std::mt19937_64 random(3);
  std::vector<std::string> texts;
  std::vector<std::vector<Word>> alone;
  for (int i = 0; i < 6; ++i) {
    texts.push_back(sentences(1 + i % 2) + std::string(1 + random() % 60, 'a') + " end.");
    alone.push_back(engine_.submit(with_words(request_for(texts.back()))).result().words);
  }
  for (int round = 0; round < 5; ++round) {
    std::vector<Job> whole, streams;
    for (const std::string& text : texts) {
      whole.push_back(engine_.submit(with_words(request_for(text))));
      streams.push_back(engine_.submit(with_words(in_chunks(text))));
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      expect_equal(whole[i].result().words, alone[i]);
      expect_equal(read_words(streams[i]).words, alone[i]);
      expect_equal(streams[i].result().words, alone[i]);
    }
  }
}

TEST_F(WordsTest, OfALongTextLieWhereItsPiecesDo) {
  const std::string text = sentences(3) + "[pause:1s] \" Then. " + sentences(1) + "[pause:500ms]";
  Request request = with_words(request_for(text));
  const Result whole = engine_.submit_long(request, {}).result();
  const double seconds = static_cast<double>(whole.samples) / 24000;
  expect_in_order(whole.words, text, seconds);
  std::string said;
  for (const std::string& word : texts_of(text, whole.words)) said += word + " ";
  std::string plain = text;
  for (const char* mark : {"[pause:1s] \" ", "[pause:500ms]"}) {
    plain.erase(plain.find(mark), std::string(mark).size());
  }
  EXPECT_EQ(said, plain);
  for (const Piece& piece : whole.pieces) {
    for (const Word& word : whole.words) {
      const bool in_text = word.text_begin >= piece.text_begin && word.text_end <= piece.text_end;
      const bool in_speech = word.begin >= piece.begin - 1e-9 && word.end <= piece.end + 1e-9;
      EXPECT_EQ(in_text, in_speech) << word.text_begin;
    }
  }
  for (const StreamMode mode : {StreamMode::kChunks, StreamMode::kPieces}) {
    Request streamed = mode == StreamMode::kChunks ? in_chunks(request) : request;
    streamed.stream = mode;
    const Job job = engine_.submit_long(streamed, {});
    const ReadWords read = read_words(job);
    ASSERT_EQ(read.words.size(), whole.words.size());
    for (size_t i = 0; i < read.words.size(); ++i) {
      EXPECT_NEAR(read.words[i].end, whole.words[i].end, 1e-9);
    }
    expect_equal(job.result().words, read.words);
  }
}

TEST_F(WordsTest, OfPiecesThatRunIntoEachOtherFollowEachOther) {
  const std::string text = sentences(4);
  LongTextOptions no_pause;
  no_pause.pause = 0;
  for (const bool chunks : {false, true}) {
    Request request = with_words(request_for(text));
    if (chunks) request = in_chunks(request);
    const Job job = engine_.submit_long(request, no_pause);
    if (chunks) (void)read_words(job);
    const Result& result = job.result();
    expect_in_order(result.words, text, static_cast<double>(result.samples) / 24000);
  }
}

TEST_F(WordsTest, OfATextThatIsFedLieInAllOfIt) {
  const std::string text = sentences(4);
  const Job job = engine_.open(with_words(in_chunks("")), {});
  for (size_t at = 0; at < text.size(); at += 7) job.feed(text.substr(at, 7));
  job.end();
  const ReadWords read = read_words(job);
  expect_equal(read.words, engine_.submit_long(with_words(in_chunks(text)), {}).result().words);
}

TEST_F(WordsTest, TellHowFarItWasHeard) {
  const std::string text = sentences(3);
  const Job job = engine_.submit_long(with_words(in_chunks(text)), {});
  Chunk chunk;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  job.cancel();
  ASSERT_TRUE(job.wait(kForever));  // if it was not done before
  const Heard heard = job.heard();
  EXPECT_EQ(heard.samples, chunk.first + static_cast<int64_t>(chunk.samples.size()));
  EXPECT_EQ(heard.pieces, 1U);
  EXPECT_EQ(heard.text_end, job.word(chunk.first_word + chunk.words.size() - 1).text_end);
  const Word third = job.word(2);
  const auto third_end = static_cast<int64_t>(std::lround(third.end * 24000));
  EXPECT_EQ(job.heard(third_end).text_end, third.text_end);
  EXPECT_EQ(job.heard(third_end - 1).text_end, job.word(1).text_end);
  EXPECT_EQ(job.heard(0).text_end, 0U);
  EXPECT_THAT(failure_of([&] { (void)job.heard(heard.samples + 1); }).message,
              HasSubstr("samples must be in [0, "));
  EXPECT_THAT(failure_of([&] { (void)job.word(9999); }).message, HasSubstr("index must be below"));
}

TEST_F(WordsTest, WithoutThemItIsHeardByPieces) {
  const std::string text = sentences(3);
  const Job job = engine_.submit_long(in_chunks(text), {});
  const auto samples = static_cast<int64_t>(read_all(job).samples.size());
  const std::vector<Piece>& pieces = job.result().pieces;
  EXPECT_EQ(job.heard().samples, samples);
  EXPECT_EQ(job.heard().pieces, 3U);
  EXPECT_EQ(job.heard().text_end, pieces[2].text_end);
  const auto end = static_cast<int64_t>(std::lround(pieces[1].end * 24000));
  EXPECT_EQ(job.heard(end).text_end, pieces[1].text_end);
  EXPECT_EQ(job.heard(end - 1).text_end, pieces[0].text_end);
  EXPECT_EQ(failure_of([&] { (void)job.word(0); }).message,
            "no words were handed out, so there is no index 0");
}

TEST_F(WordsTest, OneTextIsHeardAtItsEnd) {
  const Job job = engine_.submit(in_chunks("A sentence that comes in chunks."));
  const auto samples = static_cast<int64_t>(read_all(job).samples.size());
  EXPECT_EQ(job.heard().pieces, 1U);
  EXPECT_EQ(job.heard().text_end, 32U);
  EXPECT_EQ(job.heard(samples - 1).pieces, 0U);
  EXPECT_EQ(job.heard(samples - 1).text_end, 0U);
  Request pushed = request_for("Pushed.");
  int64_t got = 0;
  pushed.on_audio = [&](const float*, size_t count) {
    got += static_cast<int64_t>(count);
    return false;
  };
  const Job stopped = engine_.submit(pushed);
  EXPECT_EQ(status_of(stopped), Status::kCancelled);
  EXPECT_EQ(stopped.heard().samples, got);
  // What on_audio gets counts from then on, in on_audio too.
  Job* pushing = nullptr;
  Latch known;
  Request asks = request_for("Pushed.");
  asks.on_audio = [&](const float*, size_t count) {
    known.wait();
    EXPECT_EQ(pushing->heard().samples, static_cast<int64_t>(count));
    return true;
  };
  Job asked = engine_.submit(asks);
  pushing = &asked;
  known.open();
  EXPECT_EQ(status_of(asked), Status::kOk);
  const Job unheard = engine_.submit(request_for("Kept in its result."));
  (void)unheard.result();
  EXPECT_EQ(unheard.heard().samples, 0);
  EXPECT_EQ(unheard.heard().text_end, 0U);
}

}  // namespace
}  // namespace chatterbox
