// Jobs: waiting, results, cancelling from other threads, a full queue.
#include <atomic>
#include <thread>

#include "capi/handles.h"
#include "support/latch.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
using testing::Latch;
using testing::ScopedFakeHook;

class Jobs : public CApiTest {
 protected:
  Owned<chatterbox_engine> engine = make_engine();
};

TEST_F(Jobs, EveryWayToWaitGivesTheSame) {
  const chatterbox_request request = request_for("Hello.");
  const auto expected = speak(engine, request);
  EXPECT_EQ(expected.size(), 10U * testing::kFakeSamplesPerToken);
  const auto job = submit(engine, request);
  int32_t done = 0;
  ASSERT_EQ(chatterbox_job_wait_for(job.get(), UINT64_MAX, &done), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(chatterbox_job_done(job.get()), 1);
  ASSERT_EQ(chatterbox_job_wait_for(job.get(), 0, &done), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(done, 1);
  chatterbox_result *first = nullptr, *second = nullptr;
  ASSERT_EQ(chatterbox_job_wait(job.get(), &first), CHATTERBOX_STATUS_OK);
  ASSERT_EQ(chatterbox_job_wait(job.get(), &second), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_result_samples(first), chatterbox_result_samples(second));  // not copied
  chatterbox_result_destroy(first);
  EXPECT_EQ(samples_of(Owned<chatterbox_result>(second)), expected);
}

TEST_F(Jobs, StatisticsAreThoseOfTheRun) {
  chatterbox_request request = request_for("Hello.");
  request.seed = UINT64_MAX;
  const auto job = submit(engine, request);
  chatterbox_result* handle = nullptr;
  ASSERT_EQ(chatterbox_job_wait(job.get(), &handle), CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_result> result(handle);
  EXPECT_EQ(chatterbox_result_sample_rate(handle), 24000);
  chatterbox_result_stats stats;
  ASSERT_EQ(chatterbox_result_get_stats(handle, &stats, sizeof stats), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(stats.struct_size, sizeof stats);
  EXPECT_EQ(stats.finish_reason, CHATTERBOX_FINISH_EOS);
  EXPECT_EQ(stats.seed, UINT64_MAX);
  EXPECT_EQ(stats.text_tokens, 8);
  EXPECT_EQ(stats.speech_tokens, 10);
  EXPECT_EQ(stats.decode_steps, 9);
  EXPECT_EQ(stats.text_seconds, 1e-6);
  EXPECT_EQ(stats.prefill_seconds, 2e-6);
  EXPECT_GE(stats.queued_seconds, 0);
  EXPECT_GE(stats.decode_seconds, 0);
  EXPECT_GE(stats.flow_seconds, 0);
  EXPECT_GE(stats.vocoder_seconds, 0);
  EXPECT_GE(stats.total_seconds, stats.queued_seconds + stats.decode_seconds + stats.flow_seconds +
                                     stats.vocoder_seconds);
}

// The fake executor's numbers.
TEST_F(Jobs, QualityIsThatOfTheRun) {
  chatterbox_request request = request_for("Hello.");
  request.analyze_alignment = 1;
  chatterbox_result* handle = nullptr;
  ASSERT_EQ(chatterbox_engine_generate(engine.get(), &request, &handle), CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_result> result(handle);
  chatterbox_quality quality;
  ASSERT_EQ(chatterbox_result_get_quality(handle, &quality, sizeof quality), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(quality.struct_size, sizeof quality);
  EXPECT_GT(quality.peak, 0.9F);
  EXPECT_GT(quality.clipped_samples, 0);
  EXPECT_EQ(quality.longest_repetition, 3);
  EXPECT_EQ(quality.text_coverage, 0.75F);
  EXPECT_EQ(quality.reserved, 0);
  ASSERT_EQ(quality.interventions, 2U);
  chatterbox_intervention intervention;
  ASSERT_EQ(chatterbox_result_get_intervention(handle, 1, &intervention, sizeof intervention),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(intervention.struct_size, sizeof intervention);
  EXPECT_EQ(intervention.kind, CHATTERBOX_INTERVENTION_TOKEN_REPETITION);
  EXPECT_EQ(intervention.first_step, 6);
  EXPECT_EQ(intervention.steps, 1);
  EXPECT_EQ(chatterbox_result_get_intervention(handle, 2, &intervention, sizeof intervention),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "index must be below 2, got 2");
}

TEST_F(Jobs, TheSeedThatWasPickedRepeatsTheSpeech) {
  chatterbox_request request = request_for("Hello.");
  request.has_seed = 0;
  chatterbox_result* handle = nullptr;
  ASSERT_EQ(chatterbox_engine_generate(engine.get(), &request, &handle), CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_result> result(handle);
  chatterbox_result_stats stats;
  ASSERT_EQ(chatterbox_result_get_stats(handle, &stats, sizeof stats), CHATTERBOX_STATUS_OK);
  request.has_seed = 1;
  EXPECT_NE(speak(engine, request), samples_of(result));
  request.seed = stats.seed;
  EXPECT_EQ(speak(engine, request), samples_of(result));
}

// Holds the worker where `point` is reached for the `step`th time, until the test says go on.
struct Hold {
  FakePoint point;
  int64_t step;
  Latch reached, go_on;
  std::atomic<int64_t> last{-1};

  void operator()(const FakeCall& call) {
    if (call.point != point) return;
    last = call.index;
    if (call.index != step) return;
    reached.open();
    go_on.wait();
  }
};

// Cancelled while one step runs: that step is the last.
void expect_cancelled_within_one_step(const Owned<chatterbox_engine>& engine, FakePoint point) {
  Hold hold{point, 4, {}, {}, {}};
  {
    const ScopedFakeHook hook([&](const FakeCall& call) { hold(call); });
    const auto job = submit(engine, request_for("A longer text."));
    hold.reached.wait();
    std::thread([&] { chatterbox_job_cancel(job.get()); }).join();
    EXPECT_EQ(chatterbox_job_done(job.get()), 0);
    int32_t done = 7;
    EXPECT_EQ(chatterbox_job_wait_for(job.get(), 1, &done), CHATTERBOX_STATUS_OK);
    EXPECT_EQ(done, 0);
    hold.go_on.open();
    EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
    EXPECT_EQ(hold.last, 4);
  }
  expect_usable(engine);
}

TEST_F(Jobs, CancelledWithinOneDecodeStep) {
  expect_cancelled_within_one_step(engine, FakePoint::kStep);
}

TEST_F(Jobs, CancelledWithinOneEulerStep) {
  expect_cancelled_within_one_step(engine, FakePoint::kEuler);
}

TEST_F(Jobs, CancelledInTheQueueIsDoneAtOnce) {
  Hold hold{FakePoint::kBegin, 0, {}, {}, {}};
  const ScopedFakeHook hook([&](const FakeCall& call) { hold(call); });
  const auto running = submit(engine, request_for("a"));
  hold.reached.wait();
  const auto waiting = submit(engine, request_for("b"));
  chatterbox_job_cancel(waiting.get());
  EXPECT_EQ(chatterbox_job_done(waiting.get()), 1);
  EXPECT_EQ(wait_status(waiting), CHATTERBOX_STATUS_CANCELLED);
  hold.go_on.open();
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_OK);
  chatterbox_job_cancel(running.get());  // too late to change anything
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_OK);
}

TEST_F(Jobs, AFullQueueIsBusy) {
  chatterbox_engine_options options = default_options();
  options.max_queue = 2;
  const auto small = make_engine(&options);
  Hold hold{FakePoint::kBegin, 0, {}, {}, {}};
  const ScopedFakeHook hook([&](const FakeCall& call) { hold(call); });
  const chatterbox_request request = request_for("a");
  const auto running = submit(small, request);
  hold.reached.wait();
  const auto first = submit(small, request);
  const auto second = submit(small, request);
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(small.get(), &request, &job), CHATTERBOX_STATUS_BUSY);
  EXPECT_STREQ(chatterbox_last_error(), "2 requests are waiting, which is max_queue");
  const std::vector<float> samples(24000, 0.5F);
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(
      chatterbox_engine_make_voice(small.get(), samples.data(), 24000, 1, 24000, nullptr, &voice),
      CHATTERBOX_STATUS_BUSY);
  chatterbox_job_cancel(first.get());  // makes room
  const auto third = submit(small, request);
  hold.go_on.open();
  EXPECT_EQ(wait_status(second), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(wait_status(third), CHATTERBOX_STATUS_OK);
}

// What the caller owns may go as soon as submit() has returned.
TEST_F(Jobs, TextAndVoiceAreCopied) {
  const chatterbox_request plain = request_for("Copied.");
  const auto expected = speak(engine, plain);
  Hold hold{FakePoint::kBegin, 0, {}, {}, {}};
  const ScopedFakeHook hook([&](const FakeCall& call) { hold(call); });
  const auto running = submit(engine, plain);
  hold.reached.wait();
  std::string text = "Copied.";
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(chatterbox_engine_default_voice(engine.get(), &voice), CHATTERBOX_STATUS_OK);
  chatterbox_request request = request_for(text.c_str());
  request.voice = voice;
  const auto job = submit(engine, request);
  chatterbox_voice_destroy(voice);
  text.assign("Changed");
  hold.go_on.open();
  chatterbox_result* result = nullptr;
  ASSERT_EQ(chatterbox_job_wait(job.get(), &result), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(samples_of(Owned<chatterbox_result>(result)), expected);
}

TEST_F(Jobs, AVoiceByNameIsTheModelsOther) {
  chatterbox_request request = request_for("Named.");
  const auto by_default = speak(engine, request);
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(chatterbox_engine_named_voice(engine.get(), testing::kFakeVoice, &voice),
            CHATTERBOX_STATUS_OK);
  request.voice = voice;
  EXPECT_NE(speak(engine, request), by_default);
  chatterbox_voice_destroy(voice);
  EXPECT_EQ(chatterbox_engine_named_voice(engine.get(), "third", &voice),
            CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_EQ(voice, nullptr);
  EXPECT_THAT(chatterbox_last_error(), ::testing::HasSubstr("third"));
}

TEST_F(Jobs, AJobWithoutAHandleRunsOn) {
  std::atomic<int> spoken{0};
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kVocode) ++spoken;
  });
  for (int i = 0; i < 3; ++i) submit(engine, request_for("a")).reset();
  (void)speak(engine, request_for("a"));
  EXPECT_EQ(spoken, 4);
}

TEST_F(Jobs, ManyThreadsOneEngine) {
  const chatterbox_request request = request_for("t");
  const auto expected = speak(engine, request);
  std::atomic<int> good{0}, cancelled{0}, wrong{0};
  const auto one_call = [&](int number) {
    const auto job = submit(engine, request);
    if (number % 3 == 0) chatterbox_job_cancel(job.get());
    chatterbox_result* handle = nullptr;
    const chatterbox_status status = chatterbox_job_wait(job.get(), &handle);
    const Owned<chatterbox_result> result(handle);
    if (status == CHATTERBOX_STATUS_OK) {
      (samples_of(result) == expected ? good : wrong)++;
    } else {
      (status == CHATTERBOX_STATUS_CANCELLED ? cancelled : wrong)++;
      EXPECT_STREQ(chatterbox_last_error(), "the request was cancelled");
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      for (int call = 0; call < 20; ++call) one_call(thread + call);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(good + cancelled, 16 * 20);
  EXPECT_GT(good, 16 * 20 / 2);
}

}  // namespace
}  // namespace chatterbox::capi_test
