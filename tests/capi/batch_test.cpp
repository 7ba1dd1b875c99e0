// Batches of requests.
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::ScopedFakeHook;

class Batches : public CApiTest {
 protected:
  static std::vector<const chatterbox_request*> pointers(
      const std::vector<chatterbox_request>& requests) {
    std::vector<const chatterbox_request*> result;
    for (const chatterbox_request& request : requests) result.push_back(&request);
    return result;
  }
  static Owned<chatterbox_batch> generate(const Owned<chatterbox_engine>& engine,
                                          const std::vector<const chatterbox_request*>& requests) {
    chatterbox_batch* batch = nullptr;
    EXPECT_EQ(
        chatterbox_engine_generate_batch(engine.get(), requests.data(), requests.size(), &batch),
        CHATTERBOX_STATUS_OK)
        << chatterbox_last_error();
    return Owned<chatterbox_batch>(batch);
  }
  static std::vector<float> samples_at(const Owned<chatterbox_batch>& batch, uint64_t index) {
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_batch_get_result(batch.get(), index, &result), CHATTERBOX_STATUS_OK)
        << chatterbox_last_error();
    return samples_of(Owned<chatterbox_result>(result));
  }
  static std::string refusal_at(const Owned<chatterbox_batch>& batch, uint64_t index,
                                chatterbox_status status) {
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_batch_get_result(batch.get(), index, &result), status);
    EXPECT_EQ(result, nullptr);
    return chatterbox_last_error();
  }
};

// Three times as many as may wait: the order is kept.
TEST_F(Batches, MoreThanTheQueueHolds) {
  chatterbox_engine_options options = default_options();
  options.max_queue = 4;
  options.max_batch = 2;
  const auto engine = make_engine(&options);
  std::vector<chatterbox_request> requests;
  for (uint64_t i = 0; i < 12; ++i) {
    requests.push_back(request_for("A text."));
    requests.back().seed = i;
  }
  const auto batch = generate(engine, pointers(requests));
  ASSERT_EQ(chatterbox_batch_size(batch.get()), 12U);
  for (uint64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(samples_at(batch, i), speak(engine, requests[i])) << i;
  }
}

TEST_F(Batches, OneThatIsRefusedOrFailsTakesNoOtherAlong) {
  const auto engine = make_engine();
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kFlow && call.task->text == "fails") throw std::bad_alloc();
  });
  std::vector<chatterbox_request> requests = {request_for("first"), request_for("bad"),
                                              request_for("fails"), request_for(nullptr),
                                              request_for("last")};
  requests[1].temperature = -2;
  auto all = pointers(requests);
  all.push_back(nullptr);
  const auto batch = generate(engine, all);
  EXPECT_EQ(samples_at(batch, 0), speak(engine, requests[0]));
  EXPECT_EQ(samples_at(batch, 4), speak(engine, requests[4]));
  EXPECT_EQ(refusal_at(batch, 1, CHATTERBOX_STATUS_INVALID_ARGUMENT),
            "temperature must be 0 or in [0.05, 5], got -2");
  EXPECT_EQ(refusal_at(batch, 2, CHATTERBOX_STATUS_OUT_OF_MEMORY), "out of memory");
  EXPECT_EQ(refusal_at(batch, 3, CHATTERBOX_STATUS_INVALID_ARGUMENT), "text must not be NULL");
  EXPECT_EQ(refusal_at(batch, 5, CHATTERBOX_STATUS_INVALID_ARGUMENT), "request must not be NULL");
  EXPECT_EQ(refusal_at(batch, 6, CHATTERBOX_STATUS_INVALID_ARGUMENT),
            "index must be below 6, got 6");
}

TEST_F(Batches, ResultsOutliveTheBatchAndTheEngine) {
  auto engine = make_engine();
  const chatterbox_request request = request_for("Hello.");
  const auto expected = speak(engine, request);
  auto batch = generate(engine, {&request});
  chatterbox_result* result = nullptr;
  ASSERT_EQ(chatterbox_batch_get_result(batch.get(), 0, &result), CHATTERBOX_STATUS_OK);
  engine.reset();
  batch.reset();
  EXPECT_EQ(samples_of(Owned<chatterbox_result>(result)), expected);
}

// Each has its end: those that are refused, those that fail, those that succeed.
TEST_F(Batches, OnDoneIsCalledForEveryRequestOnce) {
  struct Done {
    std::mutex mutex;
    std::multimap<uint64_t, chatterbox_status> statuses;
  } done;
  const auto engine = make_engine();
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kFlow && call.task->text == "fails") throw std::bad_alloc();
  });
  std::vector<chatterbox_request> requests = {request_for("good"), request_for("out of range"),
                                              request_for("fails"), request_for(nullptr),
                                              request_for("wrong wait")};
  requests[1].temperature = -2;
  requests[4].wait_ms = -2;
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].tag = i;
    requests[i].user_data = &done;
    requests[i].on_done = [](uint64_t tag, chatterbox_status status, void* user_data) {
      auto* told = static_cast<Done*>(user_data);
      const std::lock_guard<std::mutex> lock(told->mutex);
      told->statuses.emplace(tag, status);
    };
  }
  const auto batch = generate(engine, pointers(requests));
  const std::multimap<uint64_t, chatterbox_status> expected = {
      {0, CHATTERBOX_STATUS_OK},
      {1, CHATTERBOX_STATUS_INVALID_ARGUMENT},
      {2, CHATTERBOX_STATUS_OUT_OF_MEMORY},
      {3, CHATTERBOX_STATUS_INVALID_ARGUMENT},
      {4, CHATTERBOX_STATUS_INVALID_ARGUMENT}};
  EXPECT_EQ(done.statuses, expected);
}

// Where the batch itself is refused, no request was accepted and none has an end.
TEST_F(Batches, ABatchThatIsRefusedTellsNobody) {
  const auto engine = make_engine();
  ASSERT_EQ(chatterbox_engine_drain(engine.get(), CHATTERBOX_FOREVER), CHATTERBOX_STATUS_OK);
  std::vector<chatterbox_request> requests = {request_for("good"), request_for(nullptr)};
  for (chatterbox_request& request : requests) {
    request.on_done = [](uint64_t, chatterbox_status, void*) { ADD_FAILURE(); };
  }
  const auto all = pointers(requests);
  chatterbox_batch* batch = nullptr;
  EXPECT_EQ(chatterbox_engine_generate_batch(engine.get(), all.data(), all.size(), &batch),
            CHATTERBOX_STATUS_BUSY);
}

TEST_F(Batches, OneThatStreamsIsRefused) {
  const auto engine = make_engine();
  chatterbox_request request = request_for("a");
  request.stream = CHATTERBOX_STREAM_PIECES;
  const auto batch = generate(engine, {&request});
  EXPECT_EQ(refusal_at(batch, 0, CHATTERBOX_STATUS_INVALID_ARGUMENT),
            "a request of a batch cannot be streamed without on_audio: nobody could read it");
}

TEST_F(Batches, CancelAllEndsTheRestOfABatch) {
  chatterbox_engine_options options = default_options();
  options.max_batch = 1;
  const auto engine = make_engine(&options);
  const Hold hold(FakePoint::kStep);
  const std::vector<chatterbox_request> requests(10, request_for("a"));
  std::thread caller([&] {
    const auto batch = generate(engine, pointers(requests));
    for (uint64_t i = 0; i < requests.size(); ++i) {
      (void)refusal_at(batch, i, CHATTERBOX_STATUS_CANCELLED);
    }
  });
  hold.wait_until_reached();
  chatterbox_engine_cancel_all(engine.get());
  hold.go_on();
  caller.join();
  expect_usable(engine);
}

TEST_F(Batches, NothingIsABatchToo) {
  const auto engine = make_engine();
  chatterbox_batch* batch = nullptr;
  ASSERT_EQ(chatterbox_engine_generate_batch(engine.get(), nullptr, 0, &batch),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_batch_size(batch), 0U);
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_batch_get_result(batch, 0, &result), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "the batch has no requests, so there is no index 0");
  chatterbox_batch_destroy(batch);
}

TEST_F(Batches, MoreThanThereCanBeIsRefused) {
  const auto engine = make_engine();
  const chatterbox_request request = request_for("Hello.");
  const chatterbox_request* const requests[] = {&request};
  chatterbox_batch* batch = nullptr;
  EXPECT_EQ(chatterbox_engine_generate_batch(engine.get(), requests, UINT64_MAX, &batch),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(chatterbox_last_error(), ::testing::HasSubstr("got 18446744073709551615"));
}

}  // namespace
}  // namespace chatterbox::capi_test
