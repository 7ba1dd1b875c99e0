// Jobs: waiting, results, cancelling from other threads.
#include <atomic>
#include <thread>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
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
  EXPECT_EQ(wait_status(job, INT64_MAX), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_job_is_done(job.get()), 1);
  EXPECT_EQ(wait_status(job, 0), CHATTERBOX_STATUS_OK);
  const auto first = wait_for(job);
  const auto second = wait_for(job);
  EXPECT_EQ(chatterbox_result_samples(first.get()),
            chatterbox_result_samples(second.get()));  // not copied
  EXPECT_EQ(samples_of(second), expected);
}

TEST_F(Jobs, OneThatIsNotDoneIsATimeout) {
  const Hold hold(FakePoint::kBegin);
  const auto job = submit(engine, request_for("Hello."));
  hold.wait_until_reached();
  EXPECT_EQ(wait_status(job, 0), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(wait_status(job, 1), CHATTERBOX_STATUS_TIMEOUT);
  EXPECT_EQ(chatterbox_job_is_done(job.get()), 0);
  EXPECT_EQ(wait_status(job, -2), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(),
               "timeout_ms must be at least 0 ms, or -1 (without limit), got -2");
  hold.go_on();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
}

TEST_F(Jobs, StatisticsAreThoseOfTheRun) {
  chatterbox_request request = request_for("Hello.");
  request.seed = UINT64_MAX;
  request.tag = UINT64_MAX - 1;
  const auto job = submit(engine, request);
  const auto result = wait_for(job);
  EXPECT_EQ(chatterbox_result_sample_rate(result.get()), 24000);
  const chatterbox_result_stats stats = stats_of(result);
  EXPECT_EQ(stats.struct_size, sizeof stats);
  EXPECT_EQ(stats.finish_reason, CHATTERBOX_FINISH_EOS);
  EXPECT_EQ(stats.seed, UINT64_MAX);
  EXPECT_EQ(stats.tag, UINT64_MAX - 1);
  EXPECT_EQ(stats.samples, 80);
  EXPECT_EQ(stats.text_tokens, 8);
  EXPECT_EQ(stats.speech_tokens, 10);
  EXPECT_EQ(stats.decode_steps, 9);
  EXPECT_GE(stats.text_seconds, 1e-6);
  EXPECT_EQ(stats.prefill_seconds, 2e-6);
  EXPECT_GE(stats.queued_seconds, 0);
  EXPECT_GE(stats.decode_seconds, 0);
  EXPECT_GE(stats.flow_seconds, 0);
  EXPECT_GE(stats.vocoder_seconds, 0);
  EXPECT_GE(stats.watermark_seconds, 0);
  EXPECT_GE(stats.total_seconds, stats.queued_seconds + stats.decode_seconds + stats.flow_seconds +
                                     stats.vocoder_seconds);
}

// The fake executor's numbers.
TEST_F(Jobs, QualityIsThatOfTheRun) {
  chatterbox_request request = request_for("Hello, so many samples that some are clipped.");
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
  ASSERT_EQ(quality.intervention_count, 2U);
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
  const auto result = generate(engine, request);
  request.has_seed = 1;
  EXPECT_NE(speak(engine, request), samples_of(result));
  request.seed = stats_of(result).seed;
  EXPECT_EQ(speak(engine, request), samples_of(result));
}

// Cancelled while one step runs: that step is the last.
void expect_cancelled_within_one_step(const Owned<chatterbox_engine>& engine, FakePoint point) {
  {
    const Hold hold(point, 2);
    const auto job = submit(engine, request_for("A longer text."));
    hold.wait_until_reached();
    std::thread([&] { chatterbox_job_cancel(job.get()); }).join();
    EXPECT_EQ(chatterbox_job_is_done(job.get()), 0);
    EXPECT_EQ(wait_status(job, 1), CHATTERBOX_STATUS_TIMEOUT);
    hold.go_on();
    EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
    EXPECT_EQ(hold.last(), 2);
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
  const Hold hold(FakePoint::kBegin);
  const auto running = submit(engine, request_for("a"));
  hold.wait_until_reached();
  const auto waiting = submit(engine, request_for("b"));
  chatterbox_job_cancel(waiting.get());
  EXPECT_EQ(chatterbox_job_is_done(waiting.get()), 1);
  EXPECT_EQ(wait_status(waiting), CHATTERBOX_STATUS_CANCELLED);
  hold.go_on();
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_OK);
  chatterbox_job_cancel(running.get());  // too late to change anything
  EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_OK);
}

// What the caller owns may go as soon as submit() has returned.
TEST_F(Jobs, TextAndVoiceAreCopied) {
  const chatterbox_request plain = request_for("Copied.");
  const auto expected = speak(engine, plain);
  const Hold hold(FakePoint::kBegin);
  const auto running = submit(engine, plain);
  hold.wait_until_reached();
  std::string text = "Copied.";
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(chatterbox_engine_get_default_voice(engine.get(), &voice), CHATTERBOX_STATUS_OK);
  chatterbox_request request = request_for(text.c_str());
  request.voice = voice;
  const auto job = submit(engine, request);
  chatterbox_voice_destroy(voice);
  text.assign("Changed");
  hold.go_on();
  EXPECT_EQ(samples_of(wait_for(job)), expected);
}

TEST_F(Jobs, AVoiceByNameIsTheModelsOther) {
  chatterbox_request request = request_for("Named.");
  const auto by_default = speak(engine, request);
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(chatterbox_engine_get_voice(engine.get(), testing::kFakeVoice, &voice),
            CHATTERBOX_STATUS_OK);
  request.voice = voice;
  EXPECT_NE(speak(engine, request), by_default);
  chatterbox_voice_destroy(voice);
  EXPECT_EQ(chatterbox_engine_get_voice(engine.get(), "third", &voice),
            CHATTERBOX_STATUS_NOT_FOUND);
  EXPECT_EQ(voice, nullptr);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("third"));
}

TEST_F(Jobs, AJobWithoutAHandleRunsOn) {
  const auto spoken = std::make_shared<std::atomic<int>>(0);
  const ScopedFakeHook hook([spoken](const FakeCall& call) {
    if (call.point == FakePoint::kVocode) ++*spoken;
  });
  for (int i = 0; i < 3; ++i) submit(engine, request_for("a")).reset();
  (void)speak(engine, request_for("a"));
  EXPECT_EQ(*spoken, 4);
}

TEST_F(Jobs, ManyThreadsOneEngine) {
  const chatterbox_request request = request_for("t");
  const auto expected = speak(engine, request);
  std::atomic<int> good{0}, cancelled{0}, wrong{0};
  const auto one_call = [&](int number) {
    const auto job = submit(engine, request);
    if (number % 3 == 0) chatterbox_job_cancel(job.get());
    chatterbox_result* handle = nullptr;
    const chatterbox_status status = chatterbox_job_wait(job.get(), CHATTERBOX_FOREVER, &handle);
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
