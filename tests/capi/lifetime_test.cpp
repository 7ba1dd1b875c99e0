// Engines that come and go, with and without work in flight.
#include <chrono>
#include <thread>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakePoint;
using testing::Latch;

class Lifetime : public CApiTest {};

TEST_F(Lifetime, ThreeTimesAndTwoAtATime) {
  const chatterbox_request request = request_for("Hello.");
  const auto expected = speak(make_engine(), request);
  for (int i = 0; i < 3; ++i) {
    const auto first = make_engine();
    const auto second = make_engine();
    EXPECT_EQ(testing::fake_models(), 2);
    std::thread other([&] { EXPECT_EQ(speak(second, request), expected); });
    EXPECT_EQ(speak(first, request), expected);
    other.join();
  }
}

TEST_F(Lifetime, DestroyingCancelsWhatIsInFlight) {
  auto engine = make_engine();
  Hold hold(FakePoint::kStep);
  std::vector<Owned<chatterbox_job>> jobs;
  jobs.push_back(submit(engine, request_for("Hello.")));
  hold.wait_until_reached();
  for (int i = 0; i < 3; ++i) jobs.push_back(submit(engine, request_for("Hello.")));
  std::thread waiter([&] { EXPECT_EQ(wait_status(jobs[3]), CHATTERBOX_STATUS_CANCELLED); });
  std::thread destroyer([&] { engine.reset(); });
  waiter.join();  // what was queued ends at once, before the step that runs is over
  hold.go_on();
  destroyer.join();
  EXPECT_EQ(testing::fake_models(), 0);
  for (const auto& job : jobs) {
    EXPECT_EQ(chatterbox_job_is_done(job.get()), 1);
    EXPECT_EQ(wait_status(job, 0), CHATTERBOX_STATUS_CANCELLED);
    EXPECT_STREQ(chatterbox_last_error(), "the engine was destroyed");
    chatterbox_job_cancel(job.get());
  }
  EXPECT_EQ(hold.last(), 0);
}

TEST_F(Lifetime, VoicesJobsAndResultsOutliveTheEngine) {
  const chatterbox_request request = request_for("Hello.");
  auto engine = make_engine();
  const auto expected = speak(engine, request);
  const auto voice = made<chatterbox_voice>([&](chatterbox_voice** out) {
    return chatterbox_engine_get_default_voice(engine.get(), out);
  });
  auto job = submit(engine, request);
  const auto result = wait_for(job);
  engine.reset();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  job.reset();
  EXPECT_EQ(samples_of(result), expected);
  const auto info = filled<chatterbox_voice_info>([&](chatterbox_voice_info* out, size_t size) {
    return chatterbox_voice_get_info(voice.get(), out, size);
  });
  EXPECT_EQ(info.mel_frames, 5);
  // A voice of one engine speaks with another.
  chatterbox_request with_voice = request;
  with_voice.voice = voice.get();
  EXPECT_EQ(speak(make_engine(), with_voice), expected);
}

// Samples that were final before the engine went can still be read.
TEST_F(Lifetime, AStreamOutlivesTheEngine) {
  auto engine = make_engine();
  chatterbox_request request = request_for("Hello.");
  request.stream = CHATTERBOX_STREAM_PIECES;
  const auto job = submit(engine, request);
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  engine.reset();
  auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  EXPECT_EQ(chatterbox_job_next(job.get(), 0, &chunk), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chunk.count, 80U);
  EXPECT_EQ(chatterbox_job_next(job.get(), 0, &chunk), CHATTERBOX_STATUS_END_OF_STREAM);
}

// Handles end in any order: the engine first, what came of it last, and the other way round.
TEST_F(Lifetime, HandlesEndInAnyOrder) {
  for (const bool engine_first : {true, false}) {
    auto engine = make_engine();
    auto voice = make_voice(engine, std::vector<float>(24000, 0.5F));
    chatterbox_request request = request_for("Hello.");
    request.voice = voice.get();
    auto job = submit(engine, request);
    auto result = wait_for(job);
    if (engine_first) engine.reset();
    voice.reset();
    job.reset();
    EXPECT_EQ(samples_of(result).size(), 80U);
    result.reset();
  }
}

// The engine's thread goes by itself where the engine was destroyed on it.
void wait_until_no_model_is_left() {
  for (int i = 0; i < 6000 && testing::fake_models() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(testing::fake_models(), 0);
}

struct Suicide {
  Owned<chatterbox_engine> engine;
  Latch submitted, destroyed;
};

// A callback cannot wait for the thread that it runs on: the engine goes when the callback is over.
TEST_F(Lifetime, DestroyedFromItsOwnCallback) {
  Suicide suicide;
  suicide.engine = make_engine();
  chatterbox_request request = request_for("Goodbye.");
  request.user_data = &suicide;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    auto* last = static_cast<Suicide*>(user_data);
    last->submitted.wait();
    if (progress->stage != CHATTERBOX_STAGE_DECODE || !last->engine) return 0;
    last->engine.reset();
    last->destroyed.open();
    return 0;
  };
  const auto running = submit(suicide.engine, request);
  const auto waiting = submit(suicide.engine, request);
  suicide.submitted.open();
  suicide.destroyed.wait();
  EXPECT_EQ(wait_status(waiting), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_CANCELLED);
  wait_until_no_model_is_left();
}

// The same in on_done, which may well be the last thing that a host does.
TEST_F(Lifetime, DestroyedInOnDone) {
  Suicide suicide;
  suicide.engine = make_engine();
  chatterbox_request request = request_for("Goodbye.");
  request.user_data = &suicide;
  request.on_done = [](uint64_t, chatterbox_status status, void* user_data) {
    EXPECT_EQ(status, CHATTERBOX_STATUS_OK);
    auto* last = static_cast<Suicide*>(user_data);
    last->submitted.wait();
    last->engine.reset();
    last->destroyed.open();
  };
  const auto job = submit(suicide.engine, request);
  suicide.submitted.open();
  suicide.destroyed.wait();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  wait_until_no_model_is_left();
}

}  // namespace
}  // namespace chatterbox::capi_test
