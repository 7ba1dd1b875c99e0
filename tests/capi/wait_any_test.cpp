// Waiting for whichever of several jobs is done first.
#include <thread>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::Latch;
using testing::ScopedFakeHook;

class WaitAny : public CApiTest {
 protected:
  using Jobs = std::vector<Owned<chatterbox_job>>;

  static chatterbox_status wait_any(const Jobs& jobs, int64_t timeout_ms, uint64_t* index) {
    std::vector<const chatterbox_job*> handles;
    for (const auto& job : jobs) handles.push_back(job.get());
    return chatterbox_jobs_wait_any(handles.data(), handles.size(), timeout_ms, index);
  }

  Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(WaitAny, TellsTheLowestOfThoseThatAreDone) {
  Jobs jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(submit(engine, request_for("a")));
  EXPECT_EQ(wait_status(jobs[2]), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(wait_status(jobs[1]), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(wait_status(jobs[0]), CHATTERBOX_STATUS_OK);
  uint64_t index = 7;
  EXPECT_EQ(wait_any(jobs, 0, &index), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(index, 0U);
  jobs.erase(jobs.begin());
  EXPECT_EQ(wait_any(jobs, CHATTERBOX_FOREVER, &index), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(index, 0U);
}

// Jobs end in another order than they are waited for, each wakes the waiter.
TEST_F(WaitAny, WakesForEachJobInTurn) {
  struct Gates {
    Latch of[3];
  };
  const auto gates = std::make_shared<Gates>();
  chatterbox_engine_options options = default_options();
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  const auto sequential = make_engine(&options);
  const ScopedFakeHook hook([gates](const FakeCall& call) {
    if (call.point == FakePoint::kVocode) gates->of[call.task->seed].wait();
  });
  Jobs jobs(3);
  for (uint64_t i = 0; i < 3; ++i) {
    chatterbox_request request = request_for("a");
    request.seed = i;
    request.priority =
        static_cast<int32_t>(i);  // the last one runs first, once the first has begun
    jobs[i] = submit(sequential, request);
  }
  uint64_t index = 7;
  EXPECT_EQ(wait_any(jobs, 0, &index), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(index, 0U);
  EXPECT_EQ(wait_any(jobs, 1, &index), CHATTERBOX_STATUS_TIMEOUT);
  std::thread opener([&] {
    for (Latch& gate : gates->of) gate.open();
  });
  for (int left = 3; left > 0; --left) {
    ASSERT_EQ(wait_any(jobs, CHATTERBOX_FOREVER, &index), CHATTERBOX_STATUS_OK);
    ASSERT_LT(index, jobs.size());
    EXPECT_EQ(chatterbox_job_is_done(jobs[index].get()), 1);
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(index));
  }
  opener.join();
}

TEST_F(WaitAny, IsDoneWhateverTheEnd) {
  const Hold hold(FakePoint::kStep);
  Jobs jobs;
  jobs.push_back(submit(engine, request_for("a")));
  hold.wait_until_reached();
  jobs.push_back(submit(engine, request_for("b")));
  std::thread canceller([&] { chatterbox_job_cancel(jobs[1].get()); });
  uint64_t index = 0;
  EXPECT_EQ(wait_any(jobs, CHATTERBOX_FOREVER, &index), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(wait_status(jobs[1]), CHATTERBOX_STATUS_CANCELLED);
  canceller.join();
  hold.go_on();
  EXPECT_EQ(wait_status(jobs[0]), CHATTERBOX_STATUS_OK);
}

TEST_F(WaitAny, OfTheJobsOfTwoEngines) {
  const auto other = make_engine();
  Jobs jobs;
  {
    const Hold hold(FakePoint::kStep);
    jobs.push_back(submit(engine, request_for("a")));
    hold.wait_until_reached();
    jobs.push_back(submit(other, request_for("b")));
    chatterbox_job_cancel(jobs[1].get());
    hold.go_on();
  }
  uint64_t index = 0;
  EXPECT_EQ(wait_any(jobs, CHATTERBOX_FOREVER, &index), CHATTERBOX_STATUS_OK);
  EXPECT_LT(index, 2U);
  EXPECT_EQ(wait_status(jobs[0]), CHATTERBOX_STATUS_OK);
}

TEST_F(WaitAny, WrongArguments) {
  uint64_t index = 7;
  EXPECT_EQ(chatterbox_jobs_wait_any(nullptr, 0, CHATTERBOX_FOREVER, &index),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "there must be a job to wait for, got none");
  EXPECT_EQ(index, 0U);
  Jobs jobs;
  jobs.push_back(submit(engine, request_for("a")));
  EXPECT_EQ(wait_any(jobs, -2, &index), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(),
               "timeout_ms must be at least 0 ms, or -1 (without limit), got -2");
  EXPECT_EQ(wait_status(jobs[0]), CHATTERBOX_STATUS_OK);
}

}  // namespace
}  // namespace chatterbox::capi_test
