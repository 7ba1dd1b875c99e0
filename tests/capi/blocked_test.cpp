// Callers that block while another thread destroys the engine: they get CANCELLED, and touch
// nothing of it any more.
#include <chrono>
#include <functional>
#include <thread>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakePoint;

constexpr chatterbox_status kCancelled = CHATTERBOX_STATUS_CANCELLED;

class Blocked : public CApiTest {
 protected:
  // `call` blocks, in an engine whose thread is held at `point`; then the engine is destroyed.
  void destroy_under(FakePoint point, const std::function<void()>& call) {
    const Hold hold(point);
    std::thread caller(call);
    hold.wait_until_reached();
    destroy_while(hold);
    caller.join();
  }
  // The engine's thread goes on when the destruction has begun.
  void destroy_while(const Hold& hold) {
    const auto witness = submit(engine, request_for("Queued."));
    std::thread destroyer([&] { engine.reset(); });
    EXPECT_EQ(wait_status(witness), kCancelled);
    hold.go_on();
    destroyer.join();
  }

  Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(Blocked, InGenerate) {
  destroy_under(FakePoint::kStep, [e = engine.get()] {
    const chatterbox_request request = request_for("Hello.");
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_engine_generate(e, &request, &result), kCancelled);
    EXPECT_STREQ(chatterbox_last_error(), "the engine was destroyed");
  });
}

TEST_F(Blocked, InGenerateLong) {
  destroy_under(FakePoint::kStep, [e = engine.get()] {
    const chatterbox_request request = request_for("One.\nTwo.");
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_engine_generate_long(e, &request, nullptr, &result), kCancelled);
  });
}

TEST_F(Blocked, InConvertVoice) {
  destroy_under(FakePoint::kPrefill, [e = engine.get()] {
    const std::vector<float> samples(24000, 0.5F);
    auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
    conversion.samples = samples.data();
    conversion.frames = samples.size();
    conversion.sample_rate = 24000;
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_engine_convert_voice(e, &conversion, &result), kCancelled);
  });
}

TEST_F(Blocked, InMakeVoice) {
  destroy_under(FakePoint::kPrefill, [e = engine.get()] {
    const std::vector<float> samples(24000, 0.5F);
    chatterbox_voice* voice = nullptr;
    EXPECT_EQ(
        chatterbox_engine_make_voice(e, samples.data(), samples.size(), 1, 24000, nullptr, &voice),
        kCancelled);
  });
}

// More of them than may be on their way at a time.
TEST_F(Blocked, InABatch) {
  destroy_under(FakePoint::kStep, [e = engine.get()] {
    const chatterbox_request request = request_for("Hello.");
    const std::vector<const chatterbox_request*> requests(100, &request);
    const auto batch = made<chatterbox_batch>([&](chatterbox_batch** out) {
      return chatterbox_engine_generate_batch(e, requests.data(), requests.size(), out);
    });
    for (uint64_t i = 0; i < requests.size(); ++i) {
      chatterbox_result* result = nullptr;
      ASSERT_EQ(chatterbox_batch_get_result(batch.get(), i, &result), kCancelled) << i;
    }
  });
}

TEST_F(Blocked, InJobWait) {
  const auto job = std::make_shared<Owned<chatterbox_job>>();
  destroy_under(FakePoint::kStep, [&, job] {
    *job = submit(engine, request_for("Hello."));
    EXPECT_EQ(wait_status(*job), kCancelled);
  });
}

TEST_F(Blocked, InJobNext) {
  chatterbox_request request = request_for("Hello.");
  request.stream = CHATTERBOX_STREAM_PIECES;
  const Hold hold(FakePoint::kStep);
  const auto job = submit(engine, request);
  std::thread reader([&] {
    auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
    EXPECT_EQ(chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &chunk), kCancelled);
  });
  hold.wait_until_reached();
  destroy_while(hold);
  reader.join();
}

TEST_F(Blocked, InWaitAny) {
  const Hold hold(FakePoint::kStep);
  const auto first = submit(engine, request_for("a"));
  const auto second = submit(engine, request_for("b"));
  std::thread waiter([&] {
    const chatterbox_job* const jobs[] = {first.get(), second.get()};
    uint64_t index = 0;
    EXPECT_EQ(chatterbox_jobs_wait_any(jobs, 2, CHATTERBOX_FOREVER, &index), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(wait_status(index == 0 ? first : second), kCancelled);
  });
  hold.wait_until_reached();
  destroy_while(hold);
  waiter.join();
}

TEST_F(Blocked, InDrain) {
  const Hold hold(FakePoint::kStep);
  const auto job = submit(engine, request_for("a"));
  hold.wait_until_reached();
  std::thread drainer([e = engine.get()] {
    EXPECT_EQ(chatterbox_engine_drain(e, CHATTERBOX_FOREVER), kCancelled);
  });
  // It is there once nothing is accepted any more.
  const chatterbox_request request = request_for("b");
  chatterbox_job* other = nullptr;
  while (chatterbox_engine_submit(engine.get(), &request, &other) == CHATTERBOX_STATUS_OK) {
    chatterbox_job_cancel(other);
    chatterbox_job_destroy(other);
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::thread destroyer([&] { engine.reset(); });
  drainer.join();
  hold.go_on();
  destroyer.join();
}

TEST_F(Blocked, WhereThereIsNoRoom) {
  chatterbox_engine_options options = default_options();
  options.max_queue = 1;
  options.max_batch = 1;
  engine = make_engine(&options);
  const Hold hold(FakePoint::kStep);
  const auto running = submit(engine, request_for("a"));
  hold.wait_until_reached();
  const auto waiting = submit(engine, request_for("b"));
  std::thread submitter([e = engine.get()] {
    chatterbox_request request = request_for("c");
    request.wait_ms = CHATTERBOX_FOREVER;
    chatterbox_job* job = nullptr;
    EXPECT_EQ(chatterbox_engine_submit(e, &request, &job), kCancelled);
    EXPECT_EQ(job, nullptr);
  });
  // It waits for room once others are told that there is a crowd; until then, give it time.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::thread destroyer([&] { engine.reset(); });
  submitter.join();
  EXPECT_EQ(wait_status(waiting), kCancelled);
  hold.go_on();
  destroyer.join();
}

}  // namespace
}  // namespace chatterbox::capi_test
