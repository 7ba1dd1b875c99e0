// Who waits, for how long and in what order: a full queue, deadlines, priorities, drain,
// cancel_all.
#include <chrono>
#include <thread>

#include "capi/capi_test.h"
#include "support/virtual_time.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
using testing::ScopedFakeHook;

class Queue : public CApiTest {
 protected:
  // One request at a time; two may wait.
  static Owned<chatterbox_engine> small_engine() {
    chatterbox_engine_options options = default_options();
    options.mode = CHATTERBOX_MODE_SEQUENTIAL;
    options.max_queue = 2;
    return make_engine(&options);
  }

  const Owned<chatterbox_engine> engine = small_engine();
  const chatterbox_request request = request_for("a");
};

TEST_F(Queue, AFullOneIsBusy) {
  const Hold hold(FakePoint::kBegin);
  const auto running = submit(engine, request);
  hold.wait_until_reached();
  const auto first = submit(engine, request);
  const auto second = submit(engine, request);
  EXPECT_EQ(refusal(engine, request, CHATTERBOX_STATUS_BUSY),
            "2 requests are waiting, which is max_queue");
  chatterbox_request patient = request;
  patient.wait_ms = 1;
  EXPECT_EQ(refusal(engine, patient, CHATTERBOX_STATUS_BUSY),
            "2 requests are waiting, which is max_queue");
  patient.wait_ms = CHATTERBOX_FOREVER;
  patient.deadline_ms = 1;
  EXPECT_EQ(refusal(engine, patient, CHATTERBOX_STATUS_DEADLINE_EXCEEDED),
            "there was no room in the queue before the deadline of 1 ms");
  chatterbox_job_cancel(first.get());  // makes room
  const auto third = submit(engine, request);
  hold.go_on();
  for (const auto* job : {&running, &second, &third}) {
    EXPECT_EQ(wait_status(*job), CHATTERBOX_STATUS_OK);
  }
}

TEST_F(Queue, WhoHasPatienceGetsRoom) {
  const Hold hold(FakePoint::kBegin);
  const auto running = submit(engine, request);
  hold.wait_until_reached();
  const auto first = submit(engine, request);
  const auto second = submit(engine, request);
  std::thread patient([&] {
    chatterbox_request asked = request;
    asked.wait_ms = CHATTERBOX_FOREVER;
    EXPECT_EQ(wait_status(submit(engine, asked)), CHATTERBOX_STATUS_OK);
  });
  // Functions that block for the result wait as long as it takes, whatever the request says.
  std::thread speaker([&] { (void)speak(engine, request); });
  std::thread maker([&] { (void)make_voice(engine, std::vector<float>(24000, 0.5F)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  hold.go_on();
  patient.join();
  speaker.join();
  maker.join();
  EXPECT_EQ(wait_status(second), CHATTERBOX_STATUS_OK);
}

TEST_F(Queue, IsBoundedInBytesToo) {
  chatterbox_engine_options options = default_options();
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  options.max_queue_bytes = int64_t{1} << 20;
  const auto bounded = make_engine(&options);
  const Hold hold(FakePoint::kBegin);
  const auto running = submit(bounded, request);
  hold.wait_until_reached();
  const std::vector<float> samples(200000, 0.5F);  // 800 kB
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.samples = samples.data();
  conversion.frames = samples.size();
  conversion.sample_rate = 24000;
  const auto first = made<chatterbox_job>([&](chatterbox_job** job) {
    return chatterbox_engine_submit_conversion(bounded.get(), &conversion, job);
  });
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit_conversion(bounded.get(), &conversion, &job),
            CHATTERBOX_STATUS_BUSY);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("max_queue_bytes, 1048576"));
  hold.go_on();
  EXPECT_EQ(wait_status(first), CHATTERBOX_STATUS_OK);
}

TEST_F(Queue, ADeadlineEndsWhatWaitsAndWhatRuns) {
  testing::VirtualTime time;
  const auto timed = small_engine();
  const Hold hold(FakePoint::kStep);
  chatterbox_request hurried = request;
  hurried.tag = 3;
  hurried.deadline_ms = 20;
  const auto running = submit(timed, hurried);
  hold.wait_until_reached();
  const auto waiting = submit(timed, hurried);
  time.pass(0.025);
  hold.go_on();
  for (const auto* job : {&running, &waiting}) {
    EXPECT_EQ(wait_status(*job), CHATTERBOX_STATUS_DEADLINE_EXCEEDED);
    EXPECT_STREQ(chatterbox_last_error(),
                 "the request was not done by its deadline of 20 ms (tag 3)");
  }
  EXPECT_EQ(hold.last(), 0);  // the step that ran was the last
  (void)speak(timed, request);
}

TEST_F(Queue, ADeadlineThatIsKeptChangesNothing) {
  chatterbox_request relaxed = request;
  relaxed.deadline_ms = INT64_MAX;
  EXPECT_EQ(speak(engine, relaxed), speak(engine, request));
}

TEST_F(Queue, TheHighestPriorityStartsFirst) {
  const auto order = std::make_shared<std::vector<uint64_t>>();
  chatterbox_engine_options options = default_options();
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  const auto sequential = make_engine(&options);
  std::vector<Owned<chatterbox_job>> jobs;
  {
    const Hold hold(FakePoint::kBegin);
    jobs.push_back(submit(sequential, request));
    hold.wait_until_reached();
    // Recorded from here on: the hook of the others takes the place of the first one.
    const ScopedFakeHook hook([order](const FakeCall& call) {
      if (call.point == FakePoint::kBegin) order->push_back(call.task->seed);
    });
    for (const int32_t priority : {0, -100, 7, 100, 7}) {
      chatterbox_request asked = request;
      asked.seed = jobs.size();
      asked.priority = priority;
      jobs.push_back(submit(sequential, asked));
    }
    hold.go_on();
    for (const auto& job : jobs) EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  }
  EXPECT_EQ(*order, (std::vector<uint64_t>{4, 3, 5, 1, 2}));
}

TEST_F(Queue, ClientsAreServedInTurn) {
  const auto order = std::make_shared<std::vector<uint64_t>>();
  chatterbox_engine_options options = default_options();
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  const auto sequential = make_engine(&options);
  const Hold hold(FakePoint::kBegin);
  std::vector<Owned<chatterbox_job>> jobs;
  jobs.push_back(submit(sequential, request));
  hold.wait_until_reached();
  const ScopedFakeHook hook([order](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) order->push_back(call.task->seed / 10);
  });
  for (const uint64_t seed : {11U, 12U, 13U, 21U, 22U, 23U}) {
    chatterbox_request asked = request;
    asked.seed = seed;
    asked.client = seed / 10;
    jobs.push_back(submit(sequential, asked));
  }
  hold.go_on();
  for (const auto& job : jobs) EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  ASSERT_EQ(order->size(), 6U);
  for (size_t i = 1; i < 6; ++i) EXPECT_NE((*order)[i], (*order)[i - 1]) << i;
}

TEST_F(Queue, DrainWaitsForWhatThereIsAndAcceptsNothing) {
  const Hold hold(FakePoint::kStep);
  const auto running = submit(engine, request);
  hold.wait_until_reached();
  const auto waiting = submit(engine, request);
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), 0), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), 1), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(refusal(engine, request, CHATTERBOX_STATUS_BUSY),
            "the engine is being drained and accepts nothing more");
  hold.go_on();
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), CHATTERBOX_FOREVER), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_job_is_done(running.get()), 1);
  EXPECT_EQ(wait_status(waiting, 0), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), 0), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), -2), CHATTERBOX_STATUS_INVALID_ARGUMENT);
}

TEST_F(Queue, CancelAllEndsEveryJobAndNewOnesAreAccepted) {
  std::vector<Owned<chatterbox_job>> jobs;
  {
    const Hold hold(FakePoint::kStep);
    jobs.push_back(submit(engine, request));
    hold.wait_until_reached();
    jobs.push_back(submit(engine, request));
    jobs.push_back(submit_long(engine, request_for("One.\nTwo.")));
    chatterbox_engine_cancel_all(engine.get());
    EXPECT_EQ(chatterbox_job_is_done(jobs[1].get()), 1);  // at once
    hold.go_on();
    for (const auto& job : jobs) {
      EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
      EXPECT_STREQ(chatterbox_last_error(), "all requests of the engine were cancelled");
    }
  }
  expect_usable(engine);
}

}  // namespace
}  // namespace chatterbox::capi_test
