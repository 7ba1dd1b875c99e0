// on_done: exactly once for every request that was accepted, whatever its end, and when that end is
// there to be read.
#include <mutex>
#include <thread>
#include <utility>

#include "capi/capi_test.h"
#include "support/error.h"
#include "support/virtual_time.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using testing::Latch;
using testing::ScopedFakeHook;

// What on_done was called with, in order.
class Told {
 public:
  void install(chatterbox_request& request) {
    request.user_data = this;
    request.on_done = [](uint64_t tag, chatterbox_status status, void* user_data) {
      static_cast<Told*>(user_data)->add(tag, status);
    };
  }
  using Call = std::pair<uint64_t, chatterbox_status>;
  using Calls = std::vector<Call>;
  // Once it was called so often.
  [[nodiscard]] Calls wait_for(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::minutes(1), [&] { return calls_.size() >= count; }));
    return calls_;
  }

 private:
  void add(uint64_t tag, chatterbox_status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls_.emplace_back(tag, status);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Calls calls_;
};

class OnDone : public CApiTest {
 protected:
  chatterbox_request told_request(const char* text, uint64_t tag) {
    chatterbox_request request = request_for(text);
    request.tag = tag;
    told.install(request);
    return request;
  }

  Told told;  // outlives the engine
  Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(OnDone, OfARequestThatSucceeds) {
  const auto job = submit(engine, told_request("Hello.", 7));
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(told.wait_for(1), (Told::Calls{{7, CHATTERBOX_STATUS_OK}}));
}

TEST_F(OnDone, OfARequestThatFails) {
  const ScopedFakeHook hook([](const FakeCall& call) {
    if (call.point == FakePoint::kStep) fail(Status::kNoSpeech, "silence");
  });
  const auto job = submit(engine, told_request("Hello.", 8));
  EXPECT_EQ(told.wait_for(1), (Told::Calls{{8, CHATTERBOX_STATUS_NO_SPEECH}}));
}

TEST_F(OnDone, OfRequestsThatAreCancelledInTheQueueAndAtWork) {
  const Hold hold(FakePoint::kStep);
  const auto running = submit(engine, told_request("a", 1));
  hold.wait_until_reached();
  const auto waiting = submit(engine, told_request("b", 2));
  chatterbox_job_cancel(waiting.get());
  EXPECT_EQ(told.wait_for(1), (Told::Calls{{2, CHATTERBOX_STATUS_CANCELLED}}));
  chatterbox_job_cancel(running.get());
  hold.go_on();
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_EQ(told.wait_for(2).back(), Told::Call(1, CHATTERBOX_STATUS_CANCELLED));
}

TEST_F(OnDone, OfTheJobsOfAnEngineThatIsDestroyed) {
  Hold hold(FakePoint::kStep);
  const auto running = submit(engine, told_request("a", 1));
  hold.wait_until_reached();
  const auto waiting = submit(engine, told_request("b", 2));
  std::thread destroyer([&] { engine.reset(); });
  EXPECT_EQ(wait_status(waiting), CHATTERBOX_STATUS_CANCELLED);
  hold.go_on();
  destroyer.join();  // after that nothing is called any more
  EXPECT_THAT(told.wait_for(2),
              ::testing::UnorderedElementsAre(Told::Call(1, CHATTERBOX_STATUS_CANCELLED),
                                              Told::Call(2, CHATTERBOX_STATUS_CANCELLED)));
}

TEST_F(OnDone, OfARequestWhoseDeadlineComes) {
  testing::VirtualTime time;
  engine = make_engine();
  const Hold hold(FakePoint::kStep);
  const auto running = submit(engine, request_for("a"));
  hold.wait_until_reached();
  chatterbox_request request = told_request("b", 3);
  request.deadline_ms = 20;
  const auto late = submit(engine, request);
  time.pass(0.025);
  hold.go_on();
  EXPECT_EQ(told.wait_for(1), (Told::Calls{{3, CHATTERBOX_STATUS_DEADLINE_EXCEEDED}}));
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_OK);
  engine.reset();  // before its clock
}

TEST_F(OnDone, NotOfARequestThatIsRefused) {
  chatterbox_request request = told_request("Hello.", 4);
  request.top_p = 2;
  EXPECT_EQ(refusal(engine, request), "top_p must be above 0 and at most 1, got 2");
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_TRUE(told.wait_for(0).empty());
}

TEST_F(OnDone, OfALongTextOnce) {
  const auto job = submit_long(engine, told_request("One.\nTwo.\nThree.", 5));
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(told.wait_for(1), (Told::Calls{{5, CHATTERBOX_STATUS_OK}}));
}

TEST_F(OnDone, OfAConversion) {
  const std::vector<float> samples(24000, 0.5F);
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.samples = samples.data();
  conversion.frames = samples.size();
  conversion.sample_rate = 24000;
  conversion.tag = 6;
  const chatterbox_request request = told_request("as there", 0);
  conversion.on_done = request.on_done;
  conversion.user_data = request.user_data;
  (void)made<chatterbox_result>([&](chatterbox_result** result) {
    return chatterbox_engine_convert_voice(engine.get(), &conversion, result);
  });
  EXPECT_EQ(told.wait_for(0), (Told::Calls{{6, CHATTERBOX_STATUS_OK}}));
}

// Functions that block return after it, so that user_data may be on the caller's stack.
TEST_F(OnDone, HasReturnedWhenAFunctionThatBlocksReturns) {
  for (int i = 0; i < 200; ++i) {
    struct {
      std::atomic<bool> called{false}, returned{false};
    } own;
    chatterbox_request request = request_for("a");
    request.user_data = &own;
    request.on_done = [](uint64_t, chatterbox_status, void* user_data) {
      auto* flags = static_cast<decltype(own)*>(user_data);
      flags->called = true;
      std::this_thread::yield();
      flags->returned = true;
    };
    (void)(i % 2 == 0
               ? generate(engine, request)
               : made<chatterbox_result>([&](chatterbox_result** result) {
                   return chatterbox_engine_generate_long(engine.get(), &request, nullptr, result);
                 }));
    ASSERT_TRUE(own.called);
    ASSERT_TRUE(own.returned);
  }
}

struct Reader {
  Latch submitted, read;
  chatterbox_job* job = nullptr;
  std::vector<float> samples;
};

TEST_F(OnDone, TheResultIsThereToBeRead) {
  Reader reader;
  chatterbox_request request = request_for("Hello.");
  const auto expected = speak(engine, request);
  request.user_data = &reader;
  request.on_done = [](uint64_t, chatterbox_status status, void* user_data) {
    auto* own = static_cast<Reader*>(user_data);
    own->submitted.wait();
    EXPECT_EQ(status, CHATTERBOX_STATUS_OK);
    EXPECT_EQ(chatterbox_job_is_done(own->job), 1);
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_job_wait(own->job, CHATTERBOX_FOREVER, &result), CHATTERBOX_STATUS_OK);
    own->samples = samples_of(Owned<chatterbox_result>(result));
    own->read.open();
  };
  const auto job = submit(engine, request);
  reader.job = job.get();
  reader.submitted.open();
  reader.read.wait();
  EXPECT_EQ(reader.samples, expected);
}

struct Chain {
  chatterbox_engine* engine;
  int left;
  Latch over;
};

// A host's event loop in one function: each request submits the next.
void submit_next(uint64_t tag, chatterbox_status status, void* user_data) {
  auto* chain = static_cast<Chain*>(user_data);
  EXPECT_EQ(status, CHATTERBOX_STATUS_OK);
  if (chain->left-- == 0) return chain->over.open();
  chatterbox_request next = request_for("a");
  next.tag = tag + 1;
  next.user_data = chain;
  next.on_done = submit_next;
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(chain->engine, &next, &job), CHATTERBOX_STATUS_OK);
  chatterbox_job_destroy(job);
}

TEST_F(OnDone, MaySubmitTheNextRequest) {
  Chain chain{engine.get(), 5, {}};
  submit_next(0, CHATTERBOX_STATUS_OK, &chain);
  chain.over.wait();
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), CHATTERBOX_FOREVER), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(metrics_of(engine).ended[0], 5);
}

TEST_F(OnDone, OneThatThrowsIsLoggedAndEndsNothing) {
  std::vector<std::string> lines;
  chatterbox_engine_options options = default_options();
  options.log_user_data = &lines;
  options.log = [](int32_t level, uint64_t tag, const char* message, void* user_data) {
    static_cast<std::vector<std::string>*>(user_data)->push_back(
        std::to_string(level) + " " + std::to_string(tag) + " " + message);
  };
  auto logging = make_engine(&options);
  chatterbox_request request = request_for("Hello.");
  request.tag = 9;
  request.on_done = [](uint64_t, chatterbox_status, void*) { throw std::runtime_error("oops"); };
  EXPECT_EQ(speak(logging, request).size(), 80U);
  logging.reset();
  EXPECT_EQ(lines, std::vector<std::string>{"3 9 on_done threw: oops"});
}

}  // namespace
}  // namespace chatterbox::capi_test
