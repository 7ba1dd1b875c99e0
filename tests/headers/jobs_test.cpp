// Jobs of the C++ interface.
#include <thread>

#include "headers/engines.h"

namespace chatterbox::header_test {
namespace {

using std::chrono::milliseconds;

class Jobs : public ::testing::Test {
 protected:
  static EngineOptions one_at_a_time() {
    EngineOptions options;
    options.mode = Mode::kSequential;
    options.max_queue = 2;
    return options;
  }

  const Hold hold;
  ChatterboxEngine engine = ChatterboxEngine::load(one_at_a_time());
};

TEST_F(Jobs, AreWaitedFor) {
  const Job job = engine.submit(hold.request("Hello."));
  hold.wait_until_reached();
  EXPECT_FALSE(job.done());
  EXPECT_FALSE(job.wait_for(milliseconds(0)));
  EXPECT_FALSE(job.wait_for(milliseconds(1)));
  EXPECT_FALSE(job.error());
  EXPECT_EQ(error_of([&] { (void)job.wait_for(milliseconds(-2)); }).status(),
            Status::kInvalidArgument);
  hold.go_on();
  const Wave expected = wave_of(job.wait());
  EXPECT_EQ(expected.size(), 10 * kSamplesPerToken);
  EXPECT_TRUE(job.done());
  EXPECT_FALSE(job.error());
  const auto again = job.wait_for(milliseconds(0));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->samples().data(), job.wait().samples().data());  // shared, not copied
}

TEST_F(Jobs, AreCancelled) {
  Request request = hold.request("Hello.");
  request.tag = 12;
  const Job job = engine.submit(request);
  EXPECT_EQ(job.tag(), 12U);
  hold.wait_until_reached();
  job.cancel();
  hold.go_on();
  EXPECT_EQ(error_of([&] { (void)job.wait(); }).status(), Status::kCancelled);
  ASSERT_TRUE(job.error());
  EXPECT_EQ(job.error()->status(), Status::kCancelled);
}

TEST_F(Jobs, OfManyOneIsDoneFirst) {
  const Job held = engine.submit(hold.request("a"));
  hold.wait_until_reached();
  std::vector<Job> jobs{held, engine.submit(request_for("b")), engine.submit(request_for("c"))};
  EXPECT_FALSE(wait_any(jobs, milliseconds(1)));
  jobs[2].cancel();
  EXPECT_EQ(wait_any(jobs), 2U);
  hold.go_on();
  (void)held.wait();
  EXPECT_EQ(wait_any(jobs), 0U);
  EXPECT_EQ(error_of([] { (void)wait_any({}); }).status(), Status::kInvalidArgument);
}

TEST_F(Jobs, HandOutChunks) {
  const std::string text = "One.\nTwo.\nThree.";
  const Wave expected = wave_of(engine.generate_long(request_for(text)));
  Request request = request_for(text);
  request.stream = StreamMode::kPieces;
  Wave got;
  const Job job = engine.submit_long(request);
  for (const Chunk& chunk : job.chunks()) {
    EXPECT_EQ(chunk.first, got.size());
    EXPECT_EQ(chunk.sample_rate, 24000);
    got.insert(got.end(), chunk.samples.begin(), chunk.samples.end());
  }
  EXPECT_EQ(got, expected);
  Chunk chunk;
  EXPECT_EQ(job.next(kForever, chunk), Status::kEndOfStream);
  EXPECT_TRUE(job.wait().samples().empty());
}

TEST_F(Jobs, HandOutChunksWhileTheyAreMade) {
  const std::string text(60, 'x');  // 64 tokens
  const Wave expected = wave_of(engine.generate(request_for(text)));
  Request request = request_for(text);
  request.stream = StreamMode::kChunks;
  request.stream_options.chunks = {12, 20};
  const Job job = engine.submit(request);
  Wave got;
  for (const Chunk& chunk : job.chunks()) {
    got.insert(got.end(), chunk.samples.begin(), chunk.samples.end());
  }
  EXPECT_EQ(got, expected);
  const Result result = job.wait();
  EXPECT_EQ(result.stream_stats().chunk_count, 4U);
  ASSERT_EQ(result.chunks().size(), 4U);
  EXPECT_EQ(result.chunks()[1].first_sample, 12 * kSamplesPerToken);
  Wave pushed;
  request.on_audio = [&](Samples samples) {
    pushed.insert(pushed.end(), samples.begin(), samples.end());
    return true;
  };
  EXPECT_EQ(engine.generate(request).chunks().size(), 4U);
  EXPECT_EQ(pushed, expected);
  pushed.clear();
  EXPECT_TRUE(engine.generate_batch({request}).front().result);
  EXPECT_EQ(pushed, expected);
  request.noise = Noise::kReference;
  EXPECT_EQ(error_of([&] { (void)engine.submit(request); }).status(), Status::kInvalidArgument);
}

TEST_F(Jobs, AreFed) {
  const Wave expected = wave_of(engine.generate_long(request_for("One.\nTwo.")));
  const Job job = engine.open(request_for("One.\n"));
  job.feed("Tw");
  job.feed("o.");
  job.flush();
  job.end();
  EXPECT_EQ(wave_of(job.wait()), expected);
  EXPECT_EQ(error_of([&] { job.feed("More."); }).status(), Status::kInvalidArgument);
}

TEST_F(Jobs, HaveNoChunksYet) {
  Request request = hold.request("Hello.");
  request.stream = StreamMode::kPieces;
  const Job job = engine.submit(request);
  Chunk chunk;
  EXPECT_EQ(job.next(milliseconds(1), chunk), Status::kTimeout);
  EXPECT_TRUE(chunk.samples.empty());
  hold.go_on();
  EXPECT_EQ(job.next(kForever, chunk), Status::kOk);
  EXPECT_EQ(chunk.samples.size(), 10 * kSamplesPerToken);
  const Job whole = engine.submit(request_for("a"));
  EXPECT_EQ(error_of([&] { (void)whole.next(kForever, chunk); }).status(),
            Status::kInvalidArgument);
}

// Nobody could read the samples, and a long text would wait for that.
TEST_F(Jobs, StreamWhereTheyAreSubmitted) {
  Request request = request_for("Hello.");
  request.stream = StreamMode::kPieces;
  Conversion conversion = conversion_of();
  conversion.stream = StreamMode::kPieces;
  const char* const message =
      "stream is for requests that are submitted, or have on_audio: here nobody could read the "
      "samples";
  expect_error([&] { (void)engine.generate(request); }, Status::kInvalidArgument, message);
  expect_error([&] { (void)engine.generate_long(request); }, Status::kInvalidArgument, message);
  expect_error([&] { (void)engine.convert_voice(conversion); }, Status::kInvalidArgument, message);
  EXPECT_EQ(engine.generate_batch({request})[0].error->status(), Status::kInvalidArgument);
}

TEST_F(Jobs, WaitForRoom) {
  const Job running = engine.submit(hold.request("a"));
  hold.wait_until_reached();
  const Job second = engine.submit(request_for("b")), third = engine.submit(request_for("c"));
  Request late = request_for("d");
  EXPECT_EQ(error_of([&] { (void)engine.submit(late); }).status(), Status::kBusy);
  late.wait_for_room = milliseconds(1);
  EXPECT_EQ(error_of([&] { (void)engine.submit(late); }).status(), Status::kBusy);
  late.wait_for_room = kForever;
  std::thread submitter([&] { EXPECT_EQ(engine.submit(late).wait().samples().size(), 40U); });
  std::thread speaker([&] { EXPECT_EQ(engine.generate("e").samples().size(), 40U); });
  hold.go_on();
  submitter.join();
  speaker.join();
}

TEST_F(Jobs, HavePrioritiesAndDeadlines) {
  const Job running = engine.submit(hold.request("a"));
  hold.wait_until_reached();
  std::vector<std::string> order;  // of the engine's one thread
  const auto submit = [&](const char* text, int32_t priority,
                          std::optional<milliseconds> deadline = std::nullopt) {
    Request request = request_for(text);
    request.priority = priority;
    request.deadline = deadline;
    request.on_done = [&order, text](Status) { order.emplace_back(text); };
    return engine.submit(request);
  };
  const Job low = submit("low", -1), high = submit("high", 1);
  hold.go_on();
  EXPECT_TRUE(engine.drain());
  EXPECT_THAT(order, ::testing::ElementsAre("high", "low"));
  const auto other = ChatterboxEngine::load(one_at_a_time());
  const Hold other_hold;
  const Job other_running = other.submit(other_hold.request("a"));
  other_hold.wait_until_reached();
  Request late = request_for("b");
  late.deadline = milliseconds(1);
  const Job job = other.submit(late);
  std::this_thread::sleep_for(milliseconds(2));
  other_hold.go_on();
  EXPECT_EQ(error_of([&] { (void)job.wait(); }).status(), Status::kDeadlineExceeded);
}

TEST_F(Jobs, EndTogether) {
  const Job running = engine.submit(hold.request("a"));
  hold.wait_until_reached();
  const Job waiting = engine.submit(request_for("b"));
  engine.cancel_all();
  EXPECT_FALSE(engine.drain(milliseconds(1)));
  EXPECT_EQ(error_of([&] { (void)engine.submit(request_for("c")); }).status(), Status::kBusy);
  hold.go_on();
  EXPECT_TRUE(engine.drain());
  EXPECT_EQ(error_of([&] { (void)running.wait(); }).status(), Status::kCancelled);
  EXPECT_EQ(error_of([&] { (void)waiting.wait(); }).status(), Status::kCancelled);
}

TEST_F(Jobs, OutliveTheirEngineAndResultsTheirJob) {
  std::optional<Job> job = engine.submit(request_for("Hello."));
  (void)job->wait();
  engine = ChatterboxEngine::load();
  const Result result = job->wait();
  job.reset();
  EXPECT_EQ(result.samples().size(), 10 * kSamplesPerToken);
}

TEST_F(Jobs, CallersThatBlockGetCancelledByTheEnginesEnd) {
  auto going = std::make_unique<ChatterboxEngine>(ChatterboxEngine::load(one_at_a_time()));
  const Job running = going->submit(hold.request("a"));
  hold.wait_until_reached();
  const Job waiting = going->submit(request_for("b"));
  std::thread waiter(
      [&] { EXPECT_EQ(error_of([&] { (void)waiting.wait(); }).status(), Status::kCancelled); });
  std::thread destroyer([&] { going.reset(); });
  waiter.join();
  hold.go_on();
  destroyer.join();
}

}  // namespace
}  // namespace chatterbox::header_test
