// Samples that leave a job before its end: read by the caller, or pushed to it.
#include <gmock/gmock.h>

#include <thread>

#include "engine/long_texts.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

constexpr std::chrono::milliseconds kNoWait(0);

class StreamTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  static Request streamed(const std::string& text) {
    Request request = request_for(text);
    request.stream = StreamMode::kPieces;
    return request;
  }

  static std::vector<float> read_all(const Job& job) {
    std::vector<float> samples;
    Chunk chunk;
    while (job.next(kForever, chunk) == Job::Next::kChunk) {
      EXPECT_EQ(chunk.first, static_cast<int64_t>(samples.size()));
      samples.insert(samples.end(), chunk.samples.begin(), chunk.samples.end());
    }
    return samples;
  }

  Engine engine_{EngineOptions()};
};

TEST_F(StreamTest, AnUtteranceIsOneChunk) {
  const Job job = engine_.submit(streamed("Hello."));
  Chunk chunk;
  ASSERT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
  EXPECT_EQ(chunk.first, 0);
  EXPECT_EQ(chunk.samples, generate(engine_, "Hello.").audio.samples);
  EXPECT_EQ(job.next(kForever, chunk), Job::Next::kEnd);
  EXPECT_EQ(job.next(kNoWait, chunk), Job::Next::kEnd);
  EXPECT_TRUE(job.result().audio.samples.empty());
  EXPECT_EQ(job.result().samples, fake_tokens("Hello.") * kFakeSamplesPerToken);
}

TEST_F(StreamTest, ALongTextIsAChunkForEachPiece) {
  const std::string text = sentences(40);
  const std::vector<float> whole =
      engine_.submit_long(request_for(text), {}).result().audio.samples;
  const Job job = engine_.submit_long(streamed(text), {});
  EXPECT_EQ(read_all(job), whole);
  EXPECT_EQ(job.result().pieces.size(), 40U);
  EXPECT_EQ(job.result().samples, static_cast<int64_t>(whole.size()));
}

TEST_F(StreamTest, WaitsAsLongAsItIsAskedTo) {
  Latch gate;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) gate.wait();
  });
  const Job job = engine_.submit(streamed("Hello."));
  Chunk chunk;
  EXPECT_EQ(job.next(kNoWait, chunk), Job::Next::kTimeout);
  EXPECT_EQ(job.next(std::chrono::milliseconds(1), chunk), Job::Next::kTimeout);
  gate.open();
  EXPECT_EQ(job.next(kForever, chunk), Job::Next::kChunk);
}

TEST_F(StreamTest, WhatEndsTheJobIsThrown) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kBegin && call.task->text.find("number 3") != std::string::npos) {
      throw std::runtime_error("broken");
    }
  });
  const Job job = engine_.submit_long(streamed(sentences(8)), {});
  const Failure failure = failure_of([&] { (void)read_all(job); });
  EXPECT_EQ(failure.status, Status::kInternal);
  EXPECT_EQ(failure.message, "broken");
}

TEST_F(StreamTest, OnlyStreamedJobsCanBeRead) {
  const Job job = engine_.submit(request_for("Hello."));
  Chunk chunk;
  EXPECT_EQ(failure_of([&] { (void)job.next(kForever, chunk); }).status, Status::kInvalidArgument);
  Request both = streamed("Hello.");
  both.on_audio = [](const float*, size_t) { return true; };
  const Job pushed = engine_.submit(both);
  EXPECT_EQ(failure_of([&] { (void)pushed.next(kForever, chunk); }).message,
            "only a job that was submitted with stream and without on_audio can be read");
  const auto outcomes = engine_.generate_batch({streamed("Hello."), request_for("Hello.")});
  EXPECT_EQ(outcomes[0].failure->status, Status::kInvalidArgument);
  EXPECT_TRUE(outcomes[1].result);
}

TEST_F(StreamTest, PushedSamplesAreNotInTheResult) {
  Request request = request_for("Hello.");
  std::vector<float> pushed;
  request.on_audio = [&](const float* samples, size_t count) {
    pushed.assign(samples, samples + count);
    return true;
  };
  const Result result = generate(engine_, request);
  EXPECT_TRUE(result.audio.samples.empty());
  EXPECT_EQ(result.samples, static_cast<int64_t>(pushed.size()));
  EXPECT_EQ(pushed, generate(engine_, "Hello.").audio.samples);
  request.on_audio = [](const float*, size_t) { return false; };
  EXPECT_EQ(failure_of([&] { (void)generate(engine_, request); }).status, Status::kCancelled);
  request.on_audio = [](const float*, size_t) -> bool { throw std::runtime_error("full"); };
  EXPECT_EQ(failure_of([&] { (void)generate(engine_, request); }).message, "on_audio threw: full");
}

class UnreadTest : public StreamTest {
 protected:
  // Until no more pieces begin: 2 max_batch of them, however long the text is.
  void wait_until_it_stands() {
    while (begun_ < kWindow) std::this_thread::yield();
    while (engine_.metrics().running > 0) std::this_thread::yield();
  }

  static constexpr int kWindow = 16;
  std::atomic<int> begun_{0};
  const ScopedFakeHook hook_{[this](const FakeCall& call) {
    if (call.point == FakePoint::kBegin && call.task->text.size() > 20) ++begun_;
  }};
};

TEST_F(UnreadTest, AReaderThatDoesNotReadStopsItsOwnJobOnly) {
  const Job unread = engine_.submit_long(streamed(sentences(50)), {});
  wait_until_it_stands();
  EXPECT_NO_THROW((void)generate(engine_, "Others go on."));
  EXPECT_EQ(engine_.submit_long(request_for("Long ones\ntoo."), {}).result().pieces.size(), 2U);
  EXPECT_EQ(begun_, kWindow);
  EXPECT_FALSE(unread.done());
  Chunk chunk;
  ASSERT_EQ(unread.next(kForever, chunk), Job::Next::kChunk);
  while (begun_ == kWindow) std::this_thread::yield();  // one read, one more begins
  std::vector<float> rest;
  while (unread.next(kForever, chunk) == Job::Next::kChunk) rest = chunk.samples;
  EXPECT_EQ(begun_, 50);
  EXPECT_FALSE(rest.empty());
}

TEST_F(UnreadTest, CanBeCancelledAndExpires) {
  const Job unread = engine_.submit_long(streamed(sentences(50)), {});
  wait_until_it_stands();
  unread.cancel();
  EXPECT_EQ(status_of(unread), Status::kCancelled);
  Request limited = streamed(sentences(50));
  limited.deadline = std::chrono::milliseconds(20);
  const Job late = engine_.submit_long(limited, {});
  EXPECT_EQ(status_of(late), Status::kDeadlineExceeded);
}

TEST_F(UnreadTest, EndsWhenNobodyHoldsIt) {
  Latch ended;
  Status status = Status::kOk;
  {
    Request request = streamed(sentences(50));
    request.on_done = [&](Status end) {
      status = end;
      ended.open();
    };
    const Job unread = engine_.submit_long(request, {});
    const Job copy = unread;
    wait_until_it_stands();
  }
  ended.wait();
  EXPECT_EQ(status, Status::kCancelled);
}

TEST_F(UnreadTest, TheEndOfTheEngineEndsIt) {
  auto engine = std::make_unique<Engine>(EngineOptions());
  const Job unread = engine->submit_long(streamed(sentences(50)), {});
  while (begun_ < kWindow) std::this_thread::yield();
  engine.reset();
  EXPECT_TRUE(unread.done());
  EXPECT_EQ(status_of(unread), Status::kCancelled);
}

}  // namespace
}  // namespace chatterbox
