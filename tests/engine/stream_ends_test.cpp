// How requests that stream end before all is spoken: cancelled, late, unread, failed.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "engine/long_texts.h"
#include "engine/recorded_engine.h"
#include "engine/streaming.h"
#include "support/latch.h"
#include "support/virtual_time.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

class StreamEndsTest : public ::testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    if (engine_) {
      EXPECT_EQ(generate(*engine_, "Still here?").samples, 15 * 8);
    }
    EXPECT_EQ(fake_breaches(), 0);
  }

  static EngineOptions options() {
    EngineOptions options;
    options.device = GetParam();
    return options;
  }

  const VirtualTime time_;  // where tokens last
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>(options());
};

INSTANTIATE_TEST_SUITE_P(Devices, StreamEndsTest, ::testing::Values("cpu", "cuda"));

TEST_P(StreamEndsTest, CancelledWithinOneEulerStep) {
  std::optional<Job> job;
  Latch submitted;
  std::atomic<int> steps{0};
  {
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point != FakePoint::kEuler) return;
      submitted.wait();
      if (++steps == 2) job->cancel();
    });
    job = engine_->submit(in_chunks(text_of(400)));
    submitted.open();
    EXPECT_EQ(failure_of_stream(*job).status, Status::kCancelled);
    engine_->cancel_all();
  }
  EXPECT_EQ(steps, 2);
}

TEST_P(StreamEndsTest, CancelledWithinOneDecodeStep) {
  std::optional<Job> job;
  Latch submitted;
  std::atomic<int64_t> last{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kStep || call.task->text.size() < 100) return;
    submitted.wait();
    last = call.index;
    if (call.index == 3) job->cancel();
  });
  job = engine_->submit(in_chunks(text_of(400)));
  submitted.open();
  EXPECT_EQ(status_of(*job), Status::kCancelled);
  EXPECT_EQ(last, 3);
}

TEST_P(StreamEndsTest, AtItsDeadline) {
  std::atomic<int64_t> chunks{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kChunk) ++chunks;
    if (call.point == FakePoint::kEuler && chunks == 3) VirtualTime::current()->pass(1);
  });
  Request request = in_chunks(text_of(400));
  request.deadline = std::chrono::milliseconds(1500);
  const Job job = engine_->submit(request);
  EXPECT_EQ(failure_of_stream(job).status, Status::kDeadlineExceeded);
  EXPECT_EQ(chunks, 3);
}

TEST_P(StreamEndsTest, TheEngineGoes) {
  Latch begun;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kChunk && call.index > 0) begun.open();
  });
  const Job job = engine_->submit(in_chunks(text_of(400)));
  const Job text = engine_->submit_long(in_chunks(sentences(20)), {});
  begun.wait();
  engine_.reset();
  EXPECT_TRUE(job.done());
  EXPECT_TRUE(text.done());
  EXPECT_THAT(failure_of_stream(job).status, ::testing::AnyOf(Status::kCancelled, Status::kOk));
  EXPECT_EQ(failure_of_stream(text).status, Status::kCancelled);
}

TEST_P(StreamEndsTest, AChunkFailsAlone) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kChunk && call.task->seed == 1 && call.index > 20) {
      throw std::runtime_error("broken");
    }
  });
  Request request = in_chunks(text_of(200));
  const Job other = engine_->submit(request);
  request.seed = 1;
  const Job broken = engine_->submit(request);
  EXPECT_EQ(failure_of_stream(broken).message, "broken");
  EXPECT_EQ(read_all(other).samples.size(), 200U * 8);
}

TEST_P(StreamEndsTest, ItsLastTokensFail) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kCollect && call.task->seed == 1) {
      throw std::runtime_error("broken");
    }
  });
  Request request = in_chunks(text_of(200));
  request.seed = 1;
  const Job broken = engine_->submit(request);
  EXPECT_EQ(failure_of_stream(broken).message, "broken");
}

TEST_P(StreamEndsTest, AStepThatFailsEndsAllThatDraw) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kStep && call.index == 50) throw std::runtime_error("broken");
  });
  EXPECT_EQ(failure_of_stream(engine_->submit(in_chunks(text_of(200)))).message, "broken");
}

// While the speech thread speaks a chunk of it.
TEST(StreamEndsOnCuda, AStepFailsWhileItIsSpoken) {
  Latch speaks, failed;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kChunk) {
      speaks.open();
      failed.wait();
    }
    if (call.point != FakePoint::kStep || call.index < 30) return;
    speaks.wait();
    failed.open();
    throw std::runtime_error("broken");
  });
  EngineOptions options;
  options.device = "cuda";
  Engine engine(options);
  EXPECT_EQ(failure_of_stream(engine.submit(in_chunks(text_of(200)))).message, "broken");
  EXPECT_EQ(fake_breaches(), 0);
}

// ---- Readers

class UnreadStreamTest : public StreamEndsTest {
 protected:
  // Until S3Gen has stopped: more than ten seconds are unread, and no whole chunk more.
  void wait_until_it_stands() {
    while (spoken_ < 250) std::this_thread::yield();
    (void)generate(*engine_, "Others go on.");
    EXPECT_LT(spoken_, 250 + 25);
  }

  std::atomic<int64_t> spoken_{0};  // tokens before the chunk that was begun last, and it
  const ScopedFakeHook hook_{[this](const FakeCall& call) {
    if (call.point == FakePoint::kChunk) spoken_ = call.index + 25;
  }};
};

INSTANTIATE_TEST_SUITE_P(Devices, UnreadStreamTest, ::testing::Values("cpu", "cuda"));

TEST_P(UnreadStreamTest, StopsItsOwnSpeechAndGoesOnWhenItIsRead) {
  const Job job = engine_->submit(in_chunks(text_of(504), {25}));
  wait_until_it_stands();
  EXPECT_EQ(engine_->submit_long(request_for("Long ones\ntoo."), {}).result().pieces.size(), 2U);
  while (engine_->metrics().rows_in_use > 0) std::this_thread::yield();  // T3 goes on to its end
  EXPECT_FALSE(job.done());
  EXPECT_EQ(read_all(job).samples, alone(request_for(text_of(504))));
}

TEST_P(UnreadStreamTest, ALongTextStopsAsAWhole) {
  const Job job = engine_->submit_long(in_chunks(sentences(40)), {});
  (void)generate(*engine_, "Others go on.");
  const std::vector<float> samples = read_all(job).samples;
  EXPECT_EQ(samples, engine_->submit_long(request_for(sentences(40)), {}).result().audio.samples);
}

// However many of them there are.
TEST_P(UnreadStreamTest, ManyStopNobodyElse) {
  std::vector<Job> jobs;
  for (int i = 0; i < 40; ++i) jobs.push_back(engine_->submit(in_chunks(text_of(504), {25})));
  EXPECT_EQ(generate(*engine_, "Others go on.").samples, 17 * 8);
  for (const Job& job : jobs) EXPECT_EQ(read_all(job).samples.size(), 504U * 8);
}

TEST_P(UnreadStreamTest, CanBeCancelled) {
  const Job job = engine_->submit(in_chunks(text_of(504), {25}));
  wait_until_it_stands();
  job.cancel();
  EXPECT_EQ(status_of(job), Status::kCancelled);
}

TEST_P(UnreadStreamTest, EndsAtItsDeadline) {
  Request request = in_chunks(text_of(504), {25});
  request.deadline = std::chrono::milliseconds(5000);
  const Job job = engine_->submit(request);
  wait_until_it_stands();
  VirtualTime::current()->pass(6);
  (void)generate(*engine_, "The clock is looked at.");
  EXPECT_EQ(status_of(job), Status::kDeadlineExceeded);
}

TEST_P(UnreadStreamTest, EndsWhenNobodyHoldsIt) {
  for (const bool is_long : {false, true}) {
    Latch ended;
    Status status = Status::kOk;
    Request request = in_chunks(is_long ? sentences(40) : text_of(504), {25});
    request.on_done = [&](Status end) {
      status = end;
      ended.open();
    };
    spoken_ = 0;
    {
      const Job job = is_long ? engine_->submit_long(request, {}) : engine_->submit(request);
      if (!is_long) wait_until_it_stands();
    }
    ended.wait();
    EXPECT_EQ(status, Status::kCancelled);
  }
}

TEST_P(UnreadStreamTest, EndsWithTheEngine) {
  const Job job = engine_->submit(in_chunks(text_of(504), {25}));
  wait_until_it_stands();
  engine_.reset();
  EXPECT_EQ(status_of(job), Status::kCancelled);
}

}  // namespace
}  // namespace chatterbox
