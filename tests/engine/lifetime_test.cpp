// The end of an engine, expected or not: nobody waits for ever, and everybody learns why.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "engine/long_texts.h"
#include "support/error.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

constexpr std::chrono::milliseconds kNoWait(0);

class LifetimeTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(fake_breaches(), 0);
    EXPECT_EQ(fake_models(), 0);
  }

  EngineOptions logged() {
    EngineOptions options;
    options.max_queue = 2;
    options.log = [this](LogLevel level, uint64_t, std::string_view message) {
      const std::lock_guard<std::mutex> lock(mutex_);
      lines_.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(message));
    };
    return options;
  }

  // Blocks the engine in its first task that is called "held".
  void hold(const FakeCall& call) {
    if (call.point != FakePoint::kBegin || call.task->text != "held") return;
    held_.open();
    go_on_.wait();
  }

  Latch held_, go_on_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Each is within a call that waits for room, or for its end, when the engine goes.
TEST_F(LifetimeTest, CallersThatBlockGetCancelled) {
  const ScopedFakeHook hook([this](const FakeCall& call) { hold(call); });
  auto engine = std::make_unique<Engine>(logged());
  const Job running = engine->submit(request_for("held"));
  held_.wait();
  std::vector<Job> waiting = {engine->submit(request_for("b"))};
  Request last = request_for("c");
  last.on_done = [&](Status) { go_on_.open(); };  // by the end of the engine
  waiting.push_back(engine->submit(last));
  std::atomic<int> blocked{0}, cancelled{0};
  Engine& alive = *engine;
  const std::vector<std::function<void()>> calls = {
      [&] { (void)alive.make_voice(recording(), {}); },
      [&] {
        Request request = request_for("d");
        request.wait_for_room = kForever;
        (void)alive.submit(request);
      },
      [&] {
        Request request = request_for("d\ne");
        request.wait_for_room = std::chrono::hours(1);
        (void)alive.submit_long(request, {});
      },
      [&] {
        const auto outcomes = alive.generate_batch(std::vector<Request>(40, request_for("e")));
        for (const Outcome& outcome : outcomes) {
          EXPECT_EQ(outcome.failure->status, Status::kCancelled);
        }
        outcomes.back().failure->raise();
      },
      [&] { (void)waiting.front().result(); },
      [&] { (void)wait_any({running}, kForever), running.failure()->raise(); },
  };
  std::vector<std::thread> threads;
  for (const auto& call : calls) {
    threads.emplace_back([&] {
      ++blocked;
      if (failure_of(call).status == Status::kCancelled) ++cancelled;
    });
  }
  while (blocked < static_cast<int>(calls.size())) std::this_thread::yield();
  while (alive.metrics().waiting < 2 + 16) std::this_thread::yield();  // the batch is in it
  std::this_thread::sleep_for(std::chrono::milliseconds(50));          // and all the others
  engine.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cancelled, static_cast<int>(calls.size()));
}

TEST_F(LifetimeTest, ADrainThatIsWaitedForIsCancelled) {
  const ScopedFakeHook hook([this](const FakeCall& call) { hold(call); });
  auto engine = std::make_unique<Engine>(logged());
  Request request = request_for("b");
  request.on_done = [&](Status) { go_on_.open(); };
  const Job running = engine->submit(request_for("held"));
  held_.wait();
  const Job waiting = engine->submit(request);
  Engine& alive = *engine;
  Failure failure;
  std::thread drain([&] { failure = failure_of([&] { (void)alive.drain(kForever); }); });
  // It refuses new work from when it is there.
  while (failure_of([&] {
           (void)alive.submit_long(request_for("late"), {});
         }).message.find("drained") == std::string::npos) {
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  engine.reset();
  drain.join();
  EXPECT_EQ(failure.status, Status::kCancelled);
}

// The clock is the one thing that the loop itself asks the model for.
TEST_F(LifetimeTest, AThreadThatEndsEndsAllWithItsReason) {
  std::atomic<bool> dies{false};
  std::thread::id worker;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kEnter) worker = std::this_thread::get_id();
    hold(call);
    const bool here = call.point == FakePoint::kNow && std::this_thread::get_id() == worker;
    if (here && dies) throw std::logic_error("the clock stopped");
  });
  Engine engine(logged());
  std::vector<Job> jobs = {engine.submit(request_for("held"))};
  held_.wait();
  jobs.push_back(engine.submit(request_for("b")));
  jobs.push_back(engine.submit_long(request_for(sentences(30)), {}));
  dies = true;
  go_on_.open();
  for (const Job& job : jobs) {
    EXPECT_EQ(status_of(job), Status::kInternal);
    EXPECT_EQ(job.failure()->message, "the clock stopped");
  }
  while (engine.metrics().healthy) std::this_thread::yield();
  for (const auto& later : std::vector<std::function<void()>>{
           [&] { (void)engine.submit(request_for("late")); },
           [&] { (void)engine.submit_long(request_for("late"), {}); },
           [&] { (void)engine.make_voice(recording(), {}); },
           [&] { (void)engine.generate_batch({request_for("late")}); }}) {
    EXPECT_EQ(failure_of(later).message, "the clock stopped");
  }
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("3 the engine's thread ended")));
}

class DeviceLost : public LifetimeTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Devices, DeviceLost,
                         ::testing::Values("cpu", kFakeBatching, kFakeReading, "cuda"));

// Said once, not tried again, and it is everybody's end.
TEST_P(DeviceLost, EndsEverything) {
  for (const FakePoint point :
       {FakePoint::kBegin, FakePoint::kPrefill, FakePoint::kStep, FakePoint::kCollect,
        FakePoint::kFlow, FakePoint::kEuler, FakePoint::kVocode, FakePoint::kWatermark}) {
    SCOPED_TRACE(static_cast<int>(point));
    std::atomic<int> calls{0};
    Latch submitted;
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point != point) return;
      submitted.wait();
      ++calls;
      fail(Status::kDeviceLost, "CUDA error: unspecified launch failure");
    });
    lines_.clear();
    EngineOptions options = logged();
    options.max_queue = 64;
    options.device = GetParam();
    Engine engine(options);
    std::vector<Job> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(engine.submit(request_for("Hello.")));
    jobs.push_back(engine.submit(conversion_of(24000)));
    jobs.push_back(engine.submit_long(request_for(sentences(30)), {}));
    submitted.open();
    for (const Job& job : jobs) {
      EXPECT_EQ(status_of(job), Status::kDeviceLost);
      EXPECT_EQ(job.failure()->message, "CUDA error: unspecified launch failure");
    }
    EXPECT_EQ(calls, 1);
    const Metrics metrics = engine.metrics();
    EXPECT_FALSE(metrics.healthy);
    EXPECT_EQ(metrics.running, 0);
    EXPECT_EQ(metrics.rows_in_use, 0);
    EXPECT_EQ(metrics.ended[15], 22);
    EXPECT_EQ(failure_of([&] { (void)engine.submit(request_for("late")); }).status,
              Status::kDeviceLost);
    EXPECT_THAT(lines_, ElementsAre("3 the device was lost, and every request fails: CUDA error: "
                                    "unspecified launch failure"));
  }
}

// On whichever of the engine's threads its last owner lets go of it, whatever happens afterwards.
TEST_F(LifetimeTest, TheLogIsSilentOnceTheEngineIsGone) {
  for (const char* const device : {"cpu", "cuda"}) {
    std::shared_ptr<Engine> engine;
    std::atomic<bool> gone{false};
    Latch submitted;
    const ScopedFakeHook hook([&](const FakeCall& call) {
      if (call.point == FakePoint::kVocode && gone) fail(Status::kDeviceLost, "to be logged");
    });
    EngineOptions options = logged();
    options.device = device;
    engine = std::make_shared<Engine>(options);
    Request request = request_for("Hello.");
    request.on_progress = [&](const Progress& progress) {
      if (progress.stage != Stage::kVocoder) return;
      submitted.wait();
      engine.reset();
      gone = true;
    };
    const Job job = engine->submit(request);
    submitted.open();
    EXPECT_NE(status_of(job), Status::kOk);
    while (fake_models() > 0) std::this_thread::yield();
    EXPECT_THAT(lines_, ::testing::IsEmpty());
  }
}

TEST_F(LifetimeTest, OnDoneMayLetGoOfTheEngine) {
  auto engine = std::make_shared<Engine>(EngineOptions());
  Latch submitted;
  std::vector<Status> ends;
  const ScopedFakeHook hook([this](const FakeCall& call) { hold(call); });
  Request request = request_for("b");
  request.on_done = [&](Status status) {
    ends.push_back(status);
    engine.reset();
  };
  const Job held = engine->submit(request_for("held"));
  held_.wait();
  const Job job = engine->submit(request);
  job.cancel();  // on this thread, which cannot wait for the engine's then
  EXPECT_EQ(engine, nullptr);
  go_on_.open();
  EXPECT_EQ(status_of(held), Status::kCancelled);
  EXPECT_THAT(ends, ElementsAre(Status::kCancelled));
  while (fake_models() > 0) std::this_thread::yield();
}

TEST_F(LifetimeTest, DroppedJobsRunOnAndEnd) {
  Engine engine({});
  Latch ended;
  Request request = request_for("Hello.");
  request.on_done = [&](Status status) {
    EXPECT_EQ(status, Status::kOk);
    ended.open();
  };
  (void)engine.submit(request);
  EXPECT_NO_THROW(ended.wait());
  EXPECT_TRUE(engine.drain(kForever));
  EXPECT_TRUE(engine.drain(kNoWait));
}

}  // namespace
}  // namespace chatterbox
