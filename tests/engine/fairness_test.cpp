// Many callers of one engine: whose turn it is, and who is refused.
#include <gmock/gmock.h>

#include <thread>

#include "engine/long_texts.h"
#include "support/fake_executor.h"
#include "support/latch.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace chatterbox::testing;  // NOLINT

class FairnessTest : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(fake_breaches(), 0); }

  static EngineOptions with_queue(int32_t max_queue) {
    EngineOptions options;
    options.max_queue = max_queue;
    options.max_batch = 2;
    return options;
  }

  static Request of_client(uint64_t client, const std::string& text, int32_t priority = 0) {
    Request request = request_for(text);
    request.client = client;
    request.priority = priority;
    return request;
  }

  // What began, in its order; the first that is called "held" holds the engine.
  const ScopedFakeHook hook_{[this](const FakeCall& call) {
    if (call.point != FakePoint::kBegin) return;
    if (call.task->text == "held") {
      held_.open();
      go_on_.wait();
    } else {
      begun_.push_back(call.task->text.substr(0, 2));
    }
  }};
  Latch held_, go_on_;
  std::vector<std::string> begun_;  // of the worker's thread
};

TEST_F(FairnessTest, ClientsAreServedInTurn) {
  Engine engine(with_queue(64));
  std::vector<Job> jobs = {engine.submit(request_for("held"))};
  held_.wait();
  for (const char* text : {"a1", "a2", "a3", "a4"})
    jobs.push_back(engine.submit(of_client(1, text)));
  for (const char* text : {"b1", "b2"}) jobs.push_back(engine.submit(of_client(2, text)));
  jobs.push_back(engine.submit(of_client(3, "c1")));
  go_on_.open();
  for (const Job& job : jobs) (void)job.result();
  EXPECT_THAT(begun_, ElementsAre("a1", "b1", "c1", "a2", "b2", "a3", "a4"));
}

TEST_F(FairnessTest, ThePriorityComesFirst) {
  Engine engine(with_queue(64));
  std::vector<Job> jobs = {engine.submit(request_for("held"))};
  held_.wait();
  jobs.push_back(engine.submit(of_client(1, "a1", -100)));
  jobs.push_back(engine.submit(of_client(1, "a2")));
  jobs.push_back(engine.submit(of_client(2, "b1", 100)));
  jobs.push_back(engine.submit_long(of_client(2, "c1, a long text", 1), {}));
  go_on_.open();
  for (const Job& job : jobs) (void)job.result();
  EXPECT_THAT(begun_, ElementsAre("b1", "c1", "a2", "a1"));
}

// While they ran, practically every submit() of others was refused once.
TEST_F(FairnessTest, ABatchAndLongTextsLeaveRoomForOthers) {
  Engine engine(with_queue(4));
  std::thread batch([&] {
    for (const Outcome& outcome :
         engine.generate_batch(std::vector<Request>(300, request_for("of a batch")))) {
      EXPECT_TRUE(outcome.result);
    }
  });
  std::vector<Job> texts;
  for (int i = 0; i < 2; ++i) texts.push_back(engine.submit_long(request_for(sentences(100)), {}));
  for (int i = 0; i < 200; ++i) {
    EXPECT_NO_THROW((void)generate(engine, of_client(1, "other")));
  }
  for (const Job& text : texts) EXPECT_NO_THROW((void)text.result());
  batch.join();
}

// A batch of fifty that was there first: a request by itself is the next but one, even of the same
// client.
TEST_F(FairnessTest, ABatchIsOneClient) {
  Engine engine(with_queue(4));
  const Job held = engine.submit(request_for("held"));
  held_.wait();
  std::thread batch(
      [&] { (void)engine.generate_batch(std::vector<Request>(50, of_client(1, "batch"))); });
  while (engine.metrics().waiting < 4) std::this_thread::yield();  // its window
  const Job text = engine.submit_long(of_client(1, sentences(20)), {});
  std::vector<Job> jobs;
  for (const char* name : {"x1", "x2", "x3"}) jobs.push_back(engine.submit(of_client(1, name)));
  go_on_.open();
  for (const Job& job : jobs) (void)job.result();
  (void)text.result();
  batch.join();
  const std::vector<std::string> first(begun_.begin(), begun_.begin() + 9);
  EXPECT_THAT(first, ElementsAre("ba", "Th", "x1", "ba", "Th", "x2", "ba", "Th", "x3"));
}

TEST_F(FairnessTest, AFullQueueIsBusyOrWaitedFor) {
  Engine engine(with_queue(2));
  const Job running = engine.submit(request_for("held"));
  held_.wait();
  const Job first = engine.submit(request_for("b"));
  const Job second = engine.submit(request_for("c"));
  const Failure failure = failure_of([&] { (void)engine.submit(request_for("d")); });
  EXPECT_EQ(failure.status, Status::kBusy);
  EXPECT_EQ(failure.message, "2 requests are waiting, which is max_queue");
  Request patient = request_for("e");
  patient.wait_for_room = std::chrono::milliseconds(1);
  EXPECT_EQ(failure_of([&] { (void)engine.submit(patient); }).status, Status::kBusy);
  patient.wait_for_room = kForever;
  patient.deadline = std::chrono::milliseconds(1);
  const Failure late = failure_of([&] { (void)engine.submit(patient); });
  EXPECT_EQ(late.status, Status::kDeadlineExceeded);
  EXPECT_EQ(late.message, "there was no room in the queue before the deadline of 1 ms");
  patient.deadline.reset();
  std::optional<Job> third;
  std::thread waiter([&] { third = engine.submit(patient); });
  first.cancel();  // makes room
  waiter.join();
  go_on_.open();
  for (const Job& job : {running, second, *third}) EXPECT_EQ(status_of(job), Status::kOk);
}

TEST_F(FairnessTest, TheQueueIsBoundedInBytesToo) {
  EngineOptions options;
  options.max_queue_bytes = 1 << 20;
  Engine engine(options);
  const Job running = engine.submit(request_for("held"));
  held_.wait();
  Conversion conversion = conversion_of(2 * 48000);
  conversion.source.channels = 8;
  conversion.source.sample_rate = 16000;        // as the models hear it
  conversion.source.samples.resize(8 * 48000);  // 1.5 MB, of which the mean of the channels waits
  const Job first = engine.submit(conversion);
  EXPECT_GT(engine.metrics().waiting_bytes, 4 * 48000);
  EXPECT_LT(engine.metrics().waiting_bytes, 4 * 48000 + 4096);
  std::vector<Job> jobs = {running, first};
  for (int i = 0; i < 4; ++i) jobs.push_back(engine.submit(conversion));
  const Failure failure = failure_of([&] { (void)engine.submit(conversion); });
  EXPECT_EQ(failure.status, Status::kBusy);
  EXPECT_THAT(failure.message, HasSubstr("would exceed max_queue_bytes, 1048576"));
  go_on_.open();
  for (const Job& job : jobs) EXPECT_EQ(status_of(job), Status::kOk);
  EXPECT_EQ(engine.metrics().waiting_bytes, 0);
}

// It holds its text until all of it is on its way.
TEST_F(FairnessTest, ALongTextTakesOnePlaceInTheQueue) {
  Engine engine(with_queue(2));
  const Job running = engine.submit(request_for("held"));
  held_.wait();
  const Job first = engine.submit_long(request_for(sentences(40)), {});
  EXPECT_GT(engine.metrics().waiting_bytes, static_cast<int64_t>(sentences(40).size()));
  const Job second = engine.submit_long(request_for(sentences(40)), {});
  EXPECT_EQ(failure_of([&] { (void)engine.submit_long(request_for(sentences(3)), {}); }).status,
            Status::kBusy);
  second.cancel();
  EXPECT_TRUE(second.done());
  EXPECT_NO_THROW((void)engine.submit(request_for("b")));
  go_on_.open();
  EXPECT_EQ(first.result().pieces.size(), 40U);
  EXPECT_EQ(running.result().speech_tokens, fake_tokens("held"));
}

}  // namespace
}  // namespace chatterbox
