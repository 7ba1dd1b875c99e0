// Where memory ends: at each allocation of a call in turn. A call that fails for it has accepted
// nothing, a call that succeeds has its end, and the engine goes on.
#include <functional>

#include "capi/capi_test.h"
#include "support/allocations.h"

namespace chatterbox::capi_test {
namespace {

class NoMemory : public CApiTest {
 protected:
  void SetUp() override {
    request.user_data = &told;
    request.on_done = [](uint64_t, chatterbox_status, void* user_data) {
      ++*static_cast<std::atomic<int>*>(user_data);
    };
  }

  // Lets `call` fail at its first allocation, then at its second, and so on, until it succeeds.
  // Returns how often it failed.
  static int fail_at_each(const std::function<chatterbox_status()>& call) {
    constexpr int kMost = 10000;
    for (int n = 0; n < kMost; ++n) {
      testing::allocations().left = n;
      const chatterbox_status status = call();
      testing::allocations().left = -1;
      if (status == CHATTERBOX_STATUS_OK) return n;
      EXPECT_EQ(status, CHATTERBOX_STATUS_OUT_OF_MEMORY) << n << chatterbox_last_error();
      if (status != CHATTERBOX_STATUS_OUT_OF_MEMORY) return n;
    }
    ADD_FAILURE() << "still no success with " << kMost << " allocations";
    return kMost;
  }

  // After a request was accepted once, however often it was refused before.
  void expect_one_end() {
    EXPECT_EQ(chatterbox_engine_drain(engine.get(), 60000), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(told, 1);
    const chatterbox_metrics metrics = metrics_of(engine);
    int64_t ended = 0;
    for (const int64_t count : metrics.ended) ended += count;
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(metrics.waiting, 0);
    EXPECT_EQ(metrics.running, 0);
    EXPECT_EQ(metrics.waiting_bytes, 0);
  }

  std::atomic<int> told{0};  // how often on_done was called
  chatterbox_request request = request_for("Hello.");
  Owned<chatterbox_engine> engine = make_engine();
  chatterbox_job* job = nullptr;
};

TEST_F(NoMemory, WhereARequestIsSubmitted) {
  EXPECT_GT(fail_at_each([&] { return chatterbox_engine_submit(engine.get(), &request, &job); }),
            1);
  EXPECT_EQ(wait_status(Owned<chatterbox_job>(job)), CHATTERBOX_STATUS_OK);
  expect_one_end();
}

TEST_F(NoMemory, WhereAStreamIsSubmitted) {
  request.stream = CHATTERBOX_STREAM_CHUNKS;
  EXPECT_GT(fail_at_each([&] { return chatterbox_engine_submit(engine.get(), &request, &job); }),
            1);
  EXPECT_EQ(wait_status(Owned<chatterbox_job>(job)), CHATTERBOX_STATUS_OK);
  expect_one_end();
}

TEST_F(NoMemory, WhereALongTextIsSubmitted) {
  request.text = "One.\nTwo.";
  EXPECT_GT(fail_at_each([&] {
              return chatterbox_engine_submit_long(engine.get(), &request, nullptr, &job);
            }),
            1);
  // Its pieces are queued by the same call: where there is no memory for them, it has failed.
  const Owned<chatterbox_job> owner(job);
  const chatterbox_status status = wait_status(owner);
  EXPECT_TRUE(status == CHATTERBOX_STATUS_OK || status == CHATTERBOX_STATUS_OUT_OF_MEMORY)
      << status;
  expect_one_end();
}

TEST_F(NoMemory, WhereAConversionIsSubmitted) {
  const std::vector<float> samples(24000, 0.5F);
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.samples = samples.data();
  conversion.frames = samples.size();
  conversion.sample_rate = 24000;
  conversion.on_done = request.on_done;
  conversion.user_data = request.user_data;
  EXPECT_GT(fail_at_each([&] {
              return chatterbox_engine_submit_conversion(engine.get(), &conversion, &job);
            }),
            1);
  EXPECT_EQ(wait_status(Owned<chatterbox_job>(job)), CHATTERBOX_STATUS_OK);
  expect_one_end();
}

TEST_F(NoMemory, WhereOneWaits) {
  const auto done = submit(engine, request);
  EXPECT_EQ(wait_status(done), CHATTERBOX_STATUS_OK);
  chatterbox_result* result = nullptr;
  EXPECT_GT(
      fail_at_each([&] { return chatterbox_job_wait(done.get(), CHATTERBOX_FOREVER, &result); }),
      0);
  EXPECT_EQ(samples_of(Owned<chatterbox_result>(result)).size(), 80U);
  const chatterbox_job* const jobs[] = {done.get()};
  uint64_t index = 0;
  EXPECT_GT(fail_at_each([&] { return chatterbox_jobs_wait_any(jobs, 1, 0, &index); }), 0);
  expect_one_end();
}

// Cancelling needs memory for its reason; without it the job runs to its end.
TEST_F(NoMemory, WhereOneCancels) {
  for (int64_t n = 0; n < 4; ++n) {
    const Hold hold(testing::FakePoint::kStep);
    const auto running = submit(engine, request);
    hold.wait_until_reached();
    testing::allocations().left = n;
    chatterbox_job_cancel(running.get());
    testing::allocations().left = -1;
    hold.go_on();
    const chatterbox_status status = wait_status(running);
    EXPECT_TRUE(status == CHATTERBOX_STATUS_OK || status == CHATTERBOX_STATUS_CANCELLED) << status;
  }
  testing::allocations().left = 0;
  chatterbox_engine_cancel_all(engine.get());
  testing::allocations().left = -1;
  expect_usable(engine);
}

TEST_F(NoMemory, WhereAnEngineIsMade) {
  chatterbox_engine* made = nullptr;
  EXPECT_GT(fail_at_each([&] { return chatterbox_engine_create(nullptr, &made); }), 1);
  chatterbox_engine_destroy(made);
}

TEST_F(NoMemory, WhereAnEngineIsDestroyed) {
  const Hold hold(testing::FakePoint::kStep);
  const auto running = submit(engine, request);
  hold.wait_until_reached();
  const auto waiting = submit(engine, request);
  hold.go_on();
  testing::allocations().left = 0;
  chatterbox_engine_destroy(engine.release());
  testing::allocations().left = -1;
  EXPECT_EQ(chatterbox_job_is_done(running.get()), 1);
  EXPECT_EQ(chatterbox_job_is_done(waiting.get()), 1);
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace chatterbox::capi_test
