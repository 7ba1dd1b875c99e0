// Jobs whose text comes by and by.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "engine/long_texts.h"
#include "engine/streaming.h"
#include "support/latch.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class FedTextTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  Engine engine_{EngineOptions()};
};

// Sentences of which each is a piece by itself are spoken as those of a text that is there at once,
// however they come.
TEST_F(FedTextTest, IsSpokenAsATextThatIsThere) {
  std::mt19937_64 random(5);
  const std::string text = sentences(8) + "[pause:500ms]" + sentences(2) + "[pause:1s]";
  const Result whole = engine_.submit_long(request_for(text), {}).result();
  for (int round = 0; round < 10; ++round) {
    const bool chunks = round % 2 == 0;
    const Job job = engine_.open(chunks ? in_chunks("") : request_for(""), {});
    std::thread feeder([&] {
      for (size_t at = 0; at < text.size();) {
        const size_t size = 1 + random() % 60;
        job.feed(text.substr(at, size));
        at += size;
      }
      job.end();
    });
    const std::vector<float> samples = chunks ? read_all(job).samples : job.result().audio.samples;
    feeder.join();
    EXPECT_EQ(samples, whole.audio.samples);
    ASSERT_EQ(job.result().pieces.size(), whole.pieces.size());
    for (size_t i = 0; i < whole.pieces.size(); ++i) {
      EXPECT_EQ(job.result().pieces[i].text_begin, whole.pieces[i].text_begin);
      EXPECT_EQ(job.result().pieces[i].text_end, whole.pieces[i].text_end);
      EXPECT_EQ(job.result().pieces[i].end, whole.pieces[i].end);
    }
  }
}

TEST_F(FedTextTest, IsSpokenAsSentencesAreComplete) {
  const Job job = engine_.open(in_chunks(""), {});
  Chunk chunk;
  job.feed("A first sentence, which is not comp");
  EXPECT_EQ(job.next(std::chrono::milliseconds(5), chunk), Job::Next::kTimeout);
  job.feed("lete until another one begins. And th");
  EXPECT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  while (job.next(std::chrono::milliseconds(20), chunk) == Job::Next::kChunk) continue;
  job.feed("is one has no end");
  job.flush();
  EXPECT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  EXPECT_FALSE(job.done());
  job.end();
  while (job.next(kForever, chunk) == Job::Next::kChunk) continue;
  EXPECT_EQ(job.result().pieces.size(), 2U);
  EXPECT_EQ(
      job.result().samples,
      engine_
          .submit_long(request_for("A first sentence, which is not complete until another one "
                                   "begins.\nAnd this one has no end"),
                       {})
          .result()
          .samples);
}

TEST_F(FedTextTest, RefusesWhatIsNone) {
  const Job job = engine_.open(request_for("Hello. "), {});
  EXPECT_THAT(failure_of([&] { job.feed("\xff"); }).message, HasSubstr("must be UTF-8"));
  EXPECT_THAT(failure_of([&] { job.feed("[pause:99s] "); }).message, HasSubstr("pause"));
  EXPECT_THAT(failure_of([&] { job.feed(std::string(size_t{16} << 20U, 'x')); }).message,
              HasSubstr("must have at most 16777216 bytes"));
  job.feed("There.");  // nothing of those was taken
  job.end();
  EXPECT_EQ(job.result().text_tokens, 13 + 2);
  const Failure late = failure_of([&] { job.feed("More."); });
  EXPECT_EQ(late.status, Status::kInvalidArgument);
  EXPECT_EQ(late.message, "only a job that was opened for text can be fed, and not after its end");
  const Job other = engine_.submit_long(request_for("Hello."), {});
  EXPECT_EQ(failure_of([&] { other.feed("More."); }).status, Status::kInvalidArgument);
  EXPECT_THAT(failure_of([&] { (void)engine_.open(request_for("[pause:99s] "), {}); }).message,
              HasSubstr("pause"));
  const Job empty = engine_.open(request_for(" "), {});
  empty.end();
  EXPECT_EQ(failure_of([&] { (void)empty.result(); }).message,
            "the text that was fed has nothing to speak");
}

// A bracket that nobody closes is no mark: what follows it is not kept for ever.
TEST_F(FedTextTest, SpeaksWhatIsBehindAnOpenBracket) {
  const Job job = engine_.open(in_chunks("He said [ and never closed it, which was a pity. "), {});
  Chunk chunk;
  job.feed("That was all, as far as anybody could tell from the outside. And then");
  EXPECT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  const Job open_mark = engine_.open(in_chunks("There is [pau"), {});
  open_mark.feed("se:1s] more of it.");
  open_mark.end();
  EXPECT_EQ(
      read_all(open_mark).samples,
      read_all(engine_.submit_long(in_chunks("There is [pause:1s] more of it."), {})).samples);
}

TEST_F(FedTextTest, AddsUpPausesThatAFlushParts) {
  const Job job = engine_.open(request_for("One."), {});
  job.flush();
  for (int i = 0; i < 2; ++i) {
    job.feed("[pause:1s]");
    job.flush();
  }
  job.feed("[pause:500ms] Two.");
  job.end();
  EXPECT_EQ(job.result().audio.samples,
            engine_.submit_long(request_for("One.[pause:2500ms] Two."), {}).result().audio.samples);
}

// However much comes at once, it is split as it is spoken, and a cancellation does not wait for
// that.
TEST_F(FedTextTest, MuchTextIsSplitAsItIsSpoken) {
  std::atomic<int> encoded{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kEncode) ++encoded;
  });
  std::string text = sentences(1000);
  while (text.size() < size_t{4} << 20U) text += text;
  const Job job = engine_.open(in_chunks(""), {});
  job.feed(text);
  EXPECT_LT(encoded, 1000);  // pieces, of some 50 000
  Chunk chunk;
  EXPECT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  job.cancel();
  EXPECT_EQ(status_of(job), Status::kCancelled);
  EXPECT_LT(encoded, 2000);
}

TEST_F(FedTextTest, MuchTextAtOnceIsSpokenAsATextThatIsThere) {
  const std::string text = sentences(120) + "[pause:500ms]" + sentences(120);
  const Job job = engine_.open(request_for(""), {});
  EXPECT_THAT(failure_of([&] { job.feed(text + "[pause:99s]"); }).message, HasSubstr("pause"));
  job.feed(text);  // nothing of the other was taken
  job.end();
  EXPECT_EQ(job.result().audio.samples,
            engine_.submit_long(request_for(text), {}).result().audio.samples);
}

// The halves of a character are none, and the second does not make up for the first.
TEST_F(FedTextTest, RefusesHalfACharacter) {
  const Job job = engine_.open(request_for("Caf"), {});
  EXPECT_THAT(failure_of([&] { job.feed("\xc3"); }).message, HasSubstr("must be UTF-8"));
  EXPECT_THAT(failure_of([&] { job.feed("\xa9"); }).message, HasSubstr("must be UTF-8"));
  job.feed("\u00e9.");
  job.end();
  EXPECT_EQ(job.result().audio.samples,
            engine_.submit_long(request_for("Caf\u00e9."), {}).result().audio.samples);
}

// Ten seconds that nobody reads stop what is fed, and no other job.
TEST_F(FedTextTest, WaitsForItsReader) {
  const Job unread = engine_.open(in_chunks(""), {});
  for (int i = 0; i < 60; ++i) unread.feed(sentences(10));
  EXPECT_TRUE(engine_.submit(request_for("Hello.")).wait(std::chrono::seconds(20)));
  unread.end();
  EXPECT_FALSE(unread.wait(std::chrono::milliseconds(20)));
  unread.cancel();
  EXPECT_EQ(failure_of_stream(unread).status, Status::kCancelled);
}

TEST_F(FedTextTest, IsWaitedForByDrain) {
  const Job job = engine_.open(request_for("Hello."), {});
  EXPECT_FALSE(engine_.drain(std::chrono::milliseconds(20)));
  EXPECT_EQ(failure_of([&] { (void)engine_.open(request_for(""), {}); }).status, Status::kBusy);
  job.feed(" There.");
  job.end();
  EXPECT_TRUE(engine_.drain(std::chrono::seconds(20)));
  EXPECT_TRUE(job.done());
}

// From many threads, against whatever ends it.
TEST_F(FedTextTest, IsFedWhileItEnds) {
  for (int round = 0; round < 6; ++round) {
    auto engine = std::make_unique<Engine>(EngineOptions());
    const Job job = engine->open(in_chunks(""), {});
    std::vector<std::thread> feeders;
    for (int i = 0; i < 3; ++i) {
      feeders.emplace_back([&] {
        try {
          for (int k = 0; k < 50; ++k) job.feed(sentences(1) + " ");
          job.flush();
        } catch (const Error& error) {
          EXPECT_EQ(error.status(), Status::kCancelled);
        }
      });
    }
    Chunk chunk;
    EXPECT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
    if (round % 2 == 0) job.cancel();
    engine.reset();
    for (std::thread& feeder : feeders) feeder.join();
    EXPECT_EQ(status_of(job), Status::kCancelled);
  }
}

// Nobody wakes the engine but the job itself.
TEST_F(FedTextTest, EndsAtItsDeadlineWithoutText) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // until the engine sleeps
  Request late = request_for("");
  late.deadline = std::chrono::milliseconds(20);
  const Job job = engine_.open(late, {});
  ASSERT_TRUE(job.wait(std::chrono::seconds(20)));
  EXPECT_EQ(status_of(job), Status::kDeadlineExceeded);
}

TEST_F(FedTextTest, EndsAsOthersDo) {
  const Job cancelled = engine_.open(request_for(sentences(3)), {});
  cancelled.cancel();
  EXPECT_EQ(status_of(cancelled), Status::kCancelled);
  EXPECT_EQ(failure_of([&] { cancelled.feed("More."); }).status, Status::kCancelled);
  Request late = request_for("");
  late.deadline = std::chrono::milliseconds(20);
  EXPECT_EQ(status_of(engine_.open(late, {})), Status::kDeadlineExceeded);
  Latch ended;
  Request vanishes = request_for("Hello.");
  vanishes.on_done = [&](Status status) {
    EXPECT_EQ(status, Status::kCancelled);
    ended.open();
  };
  (void)engine_.open(vanishes, {});
  ended.wait();
  auto engine = std::make_unique<Engine>(EngineOptions());
  const Job job = engine->open(in_chunks(sentences(3)), {});
  engine.reset();
  EXPECT_EQ(failure_of_stream(job).status, Status::kCancelled);
}

}  // namespace
}  // namespace chatterbox
