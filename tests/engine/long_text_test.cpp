// Long texts over a fake executor: pieces, pauses, order, failures.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <set>

#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class LongText : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }
};

// Sentences of more than 64 bytes, which the fake executor counts as tokens, so that each is a
// piece.
std::string sentences(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "This is sentence number " + std::to_string(i) +
            " of a long text, and it takes some time to say all of it. ";
  }
  return text;
}

TEST_F(LongText, IsSpokenInPiecesAtATimeAndInOrder) {
  const auto engine = ChatterboxEngine::load();
  std::atomic<int> begun{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) ++begun;
  });
  const Request request = request_for(sentences(20));
  std::vector<float> streamed;
  std::vector<size_t> done;
  LongTextOptions options;
  options.on_samples = [&](const float* samples, size_t count) {
    streamed.insert(streamed.end(), samples, samples + count);
  };
  options.on_piece = [&](size_t piece, size_t total) {
    EXPECT_EQ(total, 20U);
    done.push_back(piece);
  };
  const Result result = engine.generate_long(request, options);
  EXPECT_EQ(begun, 20);
  EXPECT_EQ(done.size(), 20U);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_TRUE(result.audio.samples.empty());
  EXPECT_GT(engine.capacity().peak_rows, 2);
  // The same as a whole, and the same again.
  EXPECT_EQ(engine.generate_long(request).audio.samples, streamed);
  // 0.15 s of silence in each of the 19 gaps.
  EXPECT_GT(streamed.size(), 19U * 3600);
}

TEST_F(LongText, CountsAreSums) {
  const auto engine = ChatterboxEngine::load();
  const std::string first = "One short piece.", second = "Another one.";
  const Result result = engine.generate_long(request_for(first + "\n" + second));
  const auto tokens = fake_tokens(first) + fake_tokens(second);
  EXPECT_EQ(result.speech_tokens, tokens);
  EXPECT_EQ(result.text_tokens, static_cast<int64_t>(first.size() + second.size()) + 4);
  EXPECT_EQ(result.seed, 5U);
  EXPECT_EQ(result.audio.samples.size(), tokens * kFakeSamplesPerToken + 3600);
  EXPECT_EQ(result.finish_reason, FinishReason::kEos);
}

TEST_F(LongText, PausesAreOfTheirLength) {
  const auto engine = ChatterboxEngine::load();
  const auto size_of = [&](const std::string& text, double pause) {
    LongTextOptions options;
    options.pause = pause;
    return engine.generate_long(request_for(text), options).audio.samples.size();
  };
  const size_t spoken = size_of("One.[pause:500ms]Two.", 0.15) - 12000;
  EXPECT_EQ(size_of("One.[pause:1.5s]Two.", 0), spoken + 36000);
  EXPECT_EQ(size_of("One.\nTwo.", 1), spoken + 24000);
}

TEST_F(LongText, AShortTextIsOneRequest) {
  const auto engine = ChatterboxEngine::load();
  const Request request = request_for("A short one.");
  EXPECT_EQ(engine.generate_long(request).audio.samples, engine.generate(request).audio.samples);
}

TEST_F(LongText, WithoutASeedAllPiecesHaveTheSame) {
  const auto engine = ChatterboxEngine::load();
  std::set<uint64_t> seeds;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seeds.insert(call.task->seed);
  });
  Request request = request_for(sentences(3));
  request.seed.reset();
  const Result result = engine.generate_long(request);
  EXPECT_THAT(seeds, ::testing::ElementsAre(result.seed));
}

TEST_F(LongText, APieceThatFailsEndsAll) {
  const auto engine = ChatterboxEngine::load();
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kBegin && call.task->text.find("number 3") != std::string::npos) {
      throw std::runtime_error("broken");
    }
  });
  size_t pieces = 0;
  LongTextOptions options;
  options.on_piece = [&](size_t done, size_t) { pieces = done; };
  const Failure failure =
      failure_of([&] { (void)engine.generate_long(request_for(sentences(30)), options); });
  EXPECT_THAT(failure.message, HasSubstr("broken"));
  EXPECT_EQ(pieces, 3U);
  EXPECT_EQ(engine.capacity().running, 0);
  EXPECT_EQ(engine.capacity().waiting, 0);
  EXPECT_NO_THROW((void)engine.generate("Goes on."));
}

TEST_F(LongText, AReceiverMayEndIt) {
  const auto engine = ChatterboxEngine::load();
  LongTextOptions options;
  int calls = 0;
  options.on_samples = [&](const float*, size_t) {
    if (++calls == 2) throw std::runtime_error("enough");
  };
  EXPECT_THROW((void)engine.generate_long(request_for(sentences(30)), options), std::runtime_error);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(engine.capacity().running, 0);
}

TEST_F(LongText, CanBeCancelledWhileAPieceIsSpoken) {
  const auto engine = ChatterboxEngine::load();
  Latch gate;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kStep) gate.wait();
  });
  LongTextOptions options;
  options.is_cancelled = [&] {
    gate.open();
    return true;
  };
  const Failure failure =
      failure_of([&] { (void)engine.generate_long(request_for(sentences(3)), options); });
  EXPECT_EQ(failure.status, Status::kCancelled);
  EXPECT_EQ(failure.message, "is_cancelled asked to stop");
  EXPECT_EQ(engine.capacity().running, 0);
}

// More pieces than the queue takes, while others fill it too.
TEST_F(LongText, WaitsForRoomInTheQueue) {
  EngineOptions options;
  options.max_queue = 1;
  options.max_batch = 2;
  const auto engine = ChatterboxEngine::load(options);
  EXPECT_NO_THROW((void)engine.generate_long(request_for(sentences(12))));
}

TEST_F(LongText, WrongInputIsRefused) {
  const auto engine = ChatterboxEngine::load();
  const auto message_of = [&](const std::string& text, double pause = 0.15) {
    LongTextOptions options;
    options.pause = pause;
    const Failure failure =
        failure_of([&] { (void)engine.generate_long(request_for(text), options); });
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
