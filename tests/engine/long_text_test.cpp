// Long texts over a fake model: pieces, their places, pauses, order, failures.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <set>
#include <thread>

#include "engine/long_texts.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class LongTextTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  Result speak(const Request& request, const LongTextOptions& options = {}) {
    return engine_.submit_long(request, options).result();
  }
  Result speak(const std::string& text, const LongTextOptions& options = {}) {
    return speak(request_for(text), options);
  }

  Engine engine_{EngineOptions()};
};

TEST_F(LongTextTest, IsSpokenInPiecesAtATimeAndInOrder) {
  std::atomic<int> begun{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) ++begun;
  });
  Request request = request_for(sentences(20));
  std::vector<float> pushed;
  request.on_audio = [&](const float* samples, size_t count) {
    pushed.insert(pushed.end(), samples, samples + count);
    return true;
  };
  std::vector<size_t> pieces;
  LongTextOptions options;
  options.on_piece = [&](const Piece& piece) {
    EXPECT_EQ(piece.count, 20U);
    EXPECT_EQ(piece.index, pieces.size());
    pieces.push_back(piece.index);
  };
  const Result result = speak(request, options);
  EXPECT_EQ(begun, 20);
  EXPECT_EQ(pieces.size(), 20U);
  EXPECT_TRUE(result.audio.samples.empty());
  EXPECT_EQ(result.samples, static_cast<int64_t>(pushed.size()));
  EXPECT_GT(engine_.metrics().peak_rows, 2);
  // The same as a whole.
  EXPECT_EQ(speak(request.text).audio.samples, pushed);
  // 0.15 s of silence in each of the 19 gaps.
  EXPECT_GT(pushed.size(), 19U * 3600);
}

TEST_F(LongTextTest, PiecesHaveTheirPlaceInTheTextAndInTheSpeech) {
  const std::string text = "  One short piece. \n\nAnother one.[pause:500ms]Ünd the last! ";
  const Result result = speak(text);
  ASSERT_EQ(result.pieces.size(), 3U);
  const std::vector<std::string> expected = {"One short piece.", "Another one.", "Ünd the last!"};
  const std::vector<double> gaps = {0, 0.15, 0.5};
  double end = 0;
  for (size_t i = 0; i < 3; ++i) {
    const Piece& piece = result.pieces[i];
    EXPECT_EQ(piece.index, i);
    EXPECT_EQ(piece.count, 3U);
    EXPECT_EQ(text.substr(piece.text_begin, piece.text_end - piece.text_begin), expected[i]);
    EXPECT_NEAR(piece.begin, end + gaps[i], 1e-9);
    const auto samples = static_cast<double>(fake_tokens(expected[i]) * kFakeSamplesPerToken);
    EXPECT_NEAR(piece.end - piece.begin, samples / 24000, 1e-9);
    end = piece.end;
  }
  EXPECT_NEAR(end, static_cast<double>(result.audio.samples.size()) / 24000, 1e-9);
}

TEST_F(LongTextTest, CountsAreSums) {
  const std::string first = "One short piece.", second = "Another one.";
  const Result result = speak(first + "\n" + second);
  const auto tokens = fake_tokens(first) + fake_tokens(second);
  EXPECT_EQ(result.speech_tokens, tokens);
  EXPECT_EQ(result.text_tokens, static_cast<int64_t>(first.size() + second.size()) + 4);
  EXPECT_EQ(result.seed, 5U);
  EXPECT_EQ(result.audio.samples.size(), tokens * kFakeSamplesPerToken + 3600);
  EXPECT_EQ(result.finish_reason, FinishReason::kEos);
}

TEST_F(LongTextTest, PausesAreOfTheirLength) {
  const auto size_of = [&](const std::string& text, double pause) {
    LongTextOptions options;
    options.pause = pause;
    return speak(text, options).audio.samples.size();
  };
  const size_t spoken = size_of("One.[pause:500ms]Two.", 0.15) - 12000;
  EXPECT_EQ(size_of("One.[pause:1.5s]Two.", 0), spoken + 36000);
  EXPECT_EQ(size_of("One.\nTwo.", 1), spoken + 24000);
}

TEST_F(LongTextTest, AShortTextIsOneRequest) {
  const Request request = request_for("A short one.");
  EXPECT_EQ(speak(request).audio.samples, generate(engine_, request).audio.samples);
}

TEST_F(LongTextTest, WithoutASeedAllPiecesHaveTheSame) {
  std::set<uint64_t> seeds;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seeds.insert(call.task->seed);
  });
  Request request = request_for(sentences(3));
  request.seed.reset();
  const Result result = speak(request);
  EXPECT_THAT(seeds, ::testing::ElementsAre(result.seed));
}

// By the caller, once each but for what the splitter counts.
TEST_F(LongTextTest, IsTokenisedAtSubmission) {
  std::set<std::thread::id> threads;
  int calls = 0;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kEncode) return;
    ++calls;
    threads.insert(std::this_thread::get_id());
  });
  (void)speak(sentences(40));
  EXPECT_EQ(calls, 40);
  EXPECT_THAT(threads, ::testing::ElementsAre(std::this_thread::get_id()));
}

// A text of any length begins to be spoken, and to be cancelled, as soon as a short one.
TEST_F(LongTextTest, IsSplitAsItGoes) {
  std::atomic<int> encoded{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kEncode) ++encoded;
  });
  const std::string sentence = "One more sentence of a text that is long, and goes on. ";
  Request request = request_for("");
  while (request.text.size() < size_t{8} << 20U) request.text += sentence;
  request.stream = StreamMode::kPieces;
  const Job job = engine_.submit_long(request, {});
  Chunk chunk;
  ASSERT_EQ(job.next(std::chrono::minutes(1), chunk), Job::Next::kChunk);
  EXPECT_LT(encoded, 1000);
  job.cancel();
  job.wait_until_told();
  EXPECT_LT(encoded, 2000);
  EXPECT_EQ(job.failure()->status, Status::kCancelled);
}

TEST_F(LongTextTest, TheNumberOfPiecesIsKnownAtTheEnd) {
  const int count = 700;  // more than are split at a time
  std::set<size_t> told;
  LongTextOptions options;
  options.on_piece = [&](const Piece& piece) { told.insert(piece.count); };
  const Result result = speak(sentences(count), options);
  EXPECT_EQ(result.pieces.size(), 700U);
  EXPECT_GT(told.size(), 1U);
  EXPECT_EQ(*told.rbegin(), 700U);
  for (const Piece& piece : result.pieces) EXPECT_EQ(piece.count, 700U);
}

TEST_F(LongTextTest, APieceThatFailsEndsAll) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kBegin && call.task->text.find("number 3") != std::string::npos) {
      throw std::runtime_error("broken");
    }
  });
  size_t pieces = 0;
  LongTextOptions options;
  options.on_piece = [&](const Piece&) { ++pieces; };
  Request request = request_for(sentences(30));
  request.tag = 9;
  const Failure failure = failure_of([&] { (void)speak(request, options); });
  EXPECT_EQ(failure.message, "broken (tag 9)");
  EXPECT_EQ(pieces, 3U);
  const Metrics metrics = engine_.metrics();
  EXPECT_EQ(metrics.running, 0);
  EXPECT_EQ(metrics.waiting, 0);
  EXPECT_EQ(metrics.waiting_bytes, 0);
  EXPECT_EQ(metrics.ended[-static_cast<int32_t>(Status::kInternal)],
            1);  // one job, whatever its pieces
  EXPECT_NO_THROW((void)generate(engine_, "Goes on."));
}

TEST_F(LongTextTest, ACallbackThatThrowsEndsIt) {
  int calls = 0;
  LongTextOptions options;
  options.on_piece = [&](const Piece&) {
    if (++calls == 2) throw std::runtime_error("enough");
  };
  const Failure failure = failure_of([&] { (void)speak(sentences(30), options); });
  EXPECT_EQ(failure.status, Status::kInternal);
  EXPECT_EQ(failure.message, "on_piece threw: enough");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(engine_.metrics().running, 0);
}

TEST_F(LongTextTest, AReceiverMayEndIt) {
  int calls = 0;
  Request request = request_for(sentences(30));
  request.on_audio = [&](const float*, size_t) { return ++calls < 2; };
  const Failure failure = failure_of([&] { (void)speak(request); });
  EXPECT_EQ(failure.status, Status::kCancelled);
  EXPECT_EQ(failure.message, "on_audio asked to stop");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(engine_.metrics().running, 0);
}

// More pieces than the queue takes, while others fill it too.
TEST_F(LongTextTest, PiecesNeedNoRoomInTheQueue) {
  EngineOptions options;
  options.max_queue = 1;
  options.max_batch = 2;
  Engine engine(options);
  EXPECT_NO_THROW((void)engine.submit_long(request_for(sentences(12)), {}).result());
}

TEST_F(LongTextTest, WrongInputIsRefused) {
  const auto message_of = [&](const std::string& text, double pause = 0.15) {
    LongTextOptions options;
    options.pause = pause;
    const Failure failure =
        failure_of([&] { (void)engine_.submit_long(request_for(text), options); });
    EXPECT_EQ(failure.status, Status::kInvalidArgument);
    return failure.message;
  };
  EXPECT_EQ(message_of(" \n "), "text must not be blank");
  EXPECT_EQ(message_of("[pause:1s]"), "text has nothing to speak but pauses");
  EXPECT_EQ(message_of("Hello.", -0.5), "pause must be in [0, 10] seconds, got -0.5");
  EXPECT_EQ(message_of("Hello.", NAN), "pause must be in [0, 10] seconds, got nan");
  EXPECT_THAT(message_of("One.[pause:11s]Two."), HasSubstr("10"));
  EXPECT_EQ(message_of(std::string((16U << 20U) + 1, 'a')),
            "text must have at most 16777216 bytes, got 16777217");
}

}  // namespace
}  // namespace chatterbox
