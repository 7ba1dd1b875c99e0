// Engines that come and go, with and without work in flight.
#include <chrono>
#include <thread>

#include "capi/handles.h"
#include "support/latch.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::Latch;
using testing::ScopedFakeHook;

class Lifetime : public CApiTest {};

TEST_F(Lifetime, ThreeTimesAndTwoAtATime) {
  const chatterbox_request request = request_for("Hello.");
  const auto expected = speak(make_engine(), request);
  for (int i = 0; i < 3; ++i) {
    const auto first = make_engine();
    const auto second = make_engine();
    EXPECT_EQ(testing::fake_executors(), 2);
    std::thread other([&] { EXPECT_EQ(speak(second, request), expected); });
    EXPECT_EQ(speak(first, request), expected);
    other.join();
  }
}

TEST_F(Lifetime, DestroyingCancelsWhatIsInFlight) {
  Latch started;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point != FakePoint::kStep) return;
    started.open();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const std::string text(400, 'x');
  auto engine = make_engine();
  std::vector<Owned<chatterbox_job>> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(submit(engine, request_for(text.c_str())));
  std::thread waiter([&] { EXPECT_EQ(wait_status(jobs[3]), CHATTERBOX_STATUS_CANCELLED); });
  started.wait();
  engine.reset();
  EXPECT_EQ(testing::fake_executors(), 0);
  for (const auto& job : jobs) {
    EXPECT_EQ(chatterbox_job_done(job.get()), 1);
    EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
    EXPECT_STREQ(chatterbox_last_error(), "the engine was destroyed");
    chatterbox_job_cancel(job.get());
  }
  waiter.join();
}

TEST_F(Lifetime, VoicesJobsAndResultsOutliveTheEngine) {
  const chatterbox_request request = request_for("Hello.");
  auto engine = make_engine();
  const auto expected = speak(engine, request);
  chatterbox_voice* voice_handle = nullptr;
  ASSERT_EQ(chatterbox_engine_default_voice(engine.get(), &voice_handle), CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_voice> voice(voice_handle);
  auto job = submit(engine, request);
  chatterbox_result* handle = nullptr;
  ASSERT_EQ(chatterbox_job_wait(job.get(), &handle), CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_result> result(handle);
  engine.reset();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  job.reset();
  EXPECT_EQ(samples_of(result), expected);
  chatterbox_voice_info info;
  ASSERT_EQ(chatterbox_voice_get_info(voice.get(), &info, sizeof info), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(info.mel_frames, 5);
  // A voice of one engine speaks with another.
  chatterbox_request with_voice = request;
  with_voice.voice = voice.get();
  EXPECT_EQ(speak(make_engine(), with_voice), expected);
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
  request.progress_user_data = &suicide;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    auto* last = static_cast<Suicide*>(user_data);
    last->submitted.wait();
    if (progress->stage != CHATTERBOX_STAGE_DECODE) return;
    last->engine.reset();
    last->destroyed.open();
  };
  const auto running = submit(suicide.engine, request);
  const auto waiting = submit(suicide.engine, request);
  suicide.submitted.open();
  suicide.destroyed.wait();
  EXPECT_EQ(wait_status(waiting), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_CANCELLED);
  for (int i = 0; i < 6000 && testing::fake_executors() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(testing::fake_executors(), 0);
}

}  // namespace
}  // namespace chatterbox::capi_test
