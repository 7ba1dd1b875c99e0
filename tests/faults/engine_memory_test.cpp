// An engine over the fake model where one allocation fails, on whatever thread it is: each that is
// made between the submission of some requests and their ends. What it hits ends with
// OUT_OF_MEMORY or goes well, and the engine goes on.
#include <gtest/gtest.h>

#include "capi/capi_test.h"
#include "support/allocations.h"

namespace chatterbox::capi_test {
namespace {

// One of each kind; statuses alone, so that nothing is allocated here.
struct Statuses {
  chatterbox_status submitted[3] = {};
  chatterbox_status ended[3] = {};
};

Statuses speak_three(chatterbox_engine* engine) {
  Statuses statuses;
  chatterbox_job* jobs[3] = {};
  chatterbox_request request = request_for("Hello.");
  statuses.submitted[0] = chatterbox_engine_submit(engine, &request, &jobs[0]);
  request.stream = CHATTERBOX_STREAM_CHUNKS;
  statuses.submitted[1] = chatterbox_engine_submit(engine, &request, &jobs[1]);
  request.stream = CHATTERBOX_STREAM_NONE;
  request.text = "One.\nTwo. [pause:1s] Three.";
  statuses.submitted[2] = chatterbox_engine_submit_long(engine, &request, nullptr, &jobs[2]);
  if (jobs[1] != nullptr) {
    chatterbox_chunk chunk{};
    chunk.struct_size = sizeof chunk;
    while (chatterbox_job_next(jobs[1], CHATTERBOX_FOREVER, &chunk) == CHATTERBOX_STATUS_OK) {
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    chatterbox_result* result = nullptr;
    if (jobs[i] == nullptr) continue;
    statuses.ended[i] = chatterbox_job_wait(jobs[i], CHATTERBOX_FOREVER, &result);
    chatterbox_result_destroy(result);
    chatterbox_job_destroy(jobs[i]);
  }
  return statuses;
}

bool is_clean(chatterbox_status status) {
  return status == CHATTERBOX_STATUS_OK || status == CHATTERBOX_STATUS_OUT_OF_MEMORY;
}

TEST(EngineMemory, EachAllocationFailsOnce) {
  Owned<chatterbox_engine> engine = make_engine();
  (void)speak_three(engine.get());
  int64_t n = 0;
  int failed = 0;
  for (;; ++n) {
    testing::fail_one_anywhere(n);
    const Statuses statuses = speak_three(engine.get());
    const bool has_failed = testing::has_failed_anywhere();
    testing::fail_one_anywhere(-1);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(is_clean(statuses.submitted[i])) << "allocation " << n << ", request " << i;
      EXPECT_TRUE(is_clean(statuses.ended[i])) << "allocation " << n << ", request " << i;
      if (statuses.submitted[i] != 0 || statuses.ended[i] != 0) ++failed;
    }
    if (::testing::Test::HasFailure() || !has_failed) break;
    const Statuses again = speak_three(engine.get());
    for (size_t i = 0; i < 3; ++i) {
      ASSERT_EQ(again.submitted[i], CHATTERBOX_STATUS_OK) << "after allocation " << n;
      ASSERT_EQ(again.ended[i], CHATTERBOX_STATUS_OK) << "after allocation " << n;
    }
  }
  RecordProperty("allocations", std::to_string(n));
  EXPECT_GT(n, 200);
  EXPECT_GT(failed, 100);
  expect_usable(engine);
}

TEST(EngineMemory, EachAllocationOfItsMakingFailsOnce) {
  int64_t n = 0;
  for (;; ++n) {
    testing::fail_one_anywhere(n);
    chatterbox_engine* engine = nullptr;
    const chatterbox_status status = chatterbox_engine_create(nullptr, &engine);
    const bool has_failed = testing::has_failed_anywhere();
    testing::fail_one_anywhere(-1);
    ASSERT_TRUE(is_clean(status)) << "allocation " << n << ": " << chatterbox_last_error();
    chatterbox_engine_destroy(engine);
    if (!has_failed) break;
  }
  RecordProperty("allocations", std::to_string(n));
  EXPECT_GT(n, 10);
}

}  // namespace
}  // namespace chatterbox::capi_test
