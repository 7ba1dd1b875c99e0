// Progress, tensor and log callbacks: what they get, and what becomes of a callback that fails.
#include <stdexcept>
#include <string>

#include "capi/handles.h"
#include "support/latch.h"

namespace chatterbox::capi_test {
namespace {

using testing::Latch;

class Callbacks : public CApiTest {
 protected:
  Owned<chatterbox_engine> engine = make_engine();
};

using Lines = std::vector<std::string>;

TEST_F(Callbacks, ProgressTellsTheStagesInOrder) {
  Lines lines;
  chatterbox_request request = request_for("a");
  request.max_new_tokens = 3;
  request.cfm_steps = 2;
  request.progress_user_data = &lines;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    EXPECT_EQ(progress->struct_size, sizeof *progress);
    static_cast<Lines*>(user_data)->push_back(std::to_string(progress->stage) + " " +
                                              std::to_string(progress->done) + "/" +
                                              std::to_string(progress->total));
  };
  (void)speak(engine, request);
  EXPECT_EQ(lines, (Lines{"1 0/0", "2 1/3", "2 2/3", "2 3/3", "3 0/2", "3 1/2", "3 2/2", "4 0/0",
                          "5 0/0"}));
}

void collect_tensor(const chatterbox_tensor* tensor, void* user_data) {
  EXPECT_EQ(tensor->struct_size, sizeof *tensor);
  EXPECT_EQ(tensor->type, CHATTERBOX_TENSOR_FLOAT32);
  ASSERT_EQ(tensor->rank, 1U);
  const float last = static_cast<const float*>(tensor->data)[tensor->shape[0] - 1];
  static_cast<Lines*>(user_data)->push_back(std::string(tensor->name) + " [" +
                                            std::to_string(tensor->shape[0]) + "] " +
                                            std::to_string(static_cast<int>(last)));
}

TEST_F(Callbacks, TensorsOfARequest) {
  Lines lines;
  chatterbox_request request = request_for("abc");
  request.max_new_tokens = 2;
  request.on_tensor = collect_tensor;
  request.tensor_user_data = &lines;
  (void)speak(engine, request);
  EXPECT_EQ(lines, (Lines{"fake.text [1] 3", "fake.token [1] 1", "fake.token [1] 2"}));
}

TEST_F(Callbacks, TensorsOfAVoice) {
  Lines lines;
  chatterbox_voice_options options;
  ASSERT_EQ(chatterbox_voice_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  options.on_tensor = collect_tensor;
  options.tensor_user_data = &lines;
  const std::vector<float> samples(2 * 24000, 9.0F);
  chatterbox_voice* voice = nullptr;
  ASSERT_EQ(
      chatterbox_engine_make_voice(engine.get(), samples.data(), 24000, 2, 24000, &options, &voice),
      CHATTERBOX_STATUS_OK);
  chatterbox_voice_destroy(voice);
  EXPECT_EQ(lines, Lines{"fake.recording [48000] 9"});
}

TEST_F(Callbacks, OneThatThrowsEndsItsRequestOnly) {
  chatterbox_request request = request_for("Hello.");
  request.on_progress = [](const chatterbox_progress* progress, void*) {
    if (progress->stage == CHATTERBOX_STAGE_FLOW) throw std::runtime_error("screen is full");
  };
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result),
            CHATTERBOX_STATUS_INTERNAL);
  EXPECT_STREQ(chatterbox_last_error(), "on_progress threw: screen is full");
  request = request_for("Hello.");
  request.on_tensor = [](const chatterbox_tensor*, void*) { throw 42; };
  EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result),
            CHATTERBOX_STATUS_INTERNAL);
  EXPECT_STREQ(chatterbox_last_error(), "on_tensor threw: unknown exception");
  expect_usable(engine);
}

TEST_F(Callbacks, OneThatThrowsWhereAVoiceIsMade) {
  chatterbox_voice_options options;
  ASSERT_EQ(chatterbox_voice_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  options.on_tensor = [](const chatterbox_tensor*, void*) { throw std::runtime_error("no room"); };
  const std::vector<float> samples(24000, 0.5F);
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(
      chatterbox_engine_make_voice(engine.get(), samples.data(), 24000, 1, 24000, &options, &voice),
      CHATTERBOX_STATUS_INTERNAL);
  EXPECT_STREQ(chatterbox_last_error(), "no room");
  EXPECT_EQ(voice, nullptr);
  expect_usable(engine);
}

struct Canceller {
  Latch submitted;
  chatterbox_job* job = nullptr;
};

TEST_F(Callbacks, OneMayCancelItsOwnJob) {
  Canceller canceller;
  chatterbox_request request = request_for("Hello.");
  request.progress_user_data = &canceller;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    auto* own = static_cast<Canceller*>(user_data);
    own->submitted.wait();
    if (progress->stage == CHATTERBOX_STAGE_DECODE) chatterbox_job_cancel(own->job);
  };
  const auto job = submit(engine, request);
  canceller.job = job.get();
  canceller.submitted.open();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_STREQ(chatterbox_last_error(), "the request was cancelled");
  expect_usable(engine);
}

struct Inner {
  chatterbox_engine* engine;
  std::vector<chatterbox_status> statuses;
};

TEST_F(Callbacks, OneMustNotCallItsEngine) {
  Inner inner{engine.get(), {}};
  chatterbox_request request = request_for("Hello.");
  request.progress_user_data = &inner;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    if (progress->stage != CHATTERBOX_STAGE_VOCODER) return;
    auto* calls = static_cast<Inner*>(user_data);
    const chatterbox_request again = request_for("Again.");
    chatterbox_result* result = nullptr;
    calls->statuses.push_back(chatterbox_engine_generate(calls->engine, &again, &result));
    EXPECT_STREQ(chatterbox_last_error(), "a callback must not call the engine that calls it");
    chatterbox_job* job = nullptr;
    calls->statuses.push_back(chatterbox_engine_submit(calls->engine, &again, &job));
  };
  (void)speak(engine, request);
  EXPECT_EQ(inner.statuses, std::vector<chatterbox_status>(2, CHATTERBOX_STATUS_INVALID_ARGUMENT));
}

TEST(LogCallback, GetsTheLinesOfItsLevelAndItsUserData) {
  Lines lines;
  chatterbox_engine_options options = default_options();
  options.log_level = CHATTERBOX_LOG_INFO;
  options.log_user_data = &lines;
  options.log = [](int32_t level, const char* message, void* user_data) {
    static_cast<Lines*>(user_data)->push_back(std::to_string(level) + " " + message);
    throw 42;  // must not end what is logged
  };
  chatterbox_request request = request_for("Hello.");
  request.seed = 77;
  request.max_new_tokens = 2;
  (void)speak(make_engine(&options), request);
  EXPECT_EQ(lines, (Lines{"1 loaded demo (fake, auto, fp32) in 0.250 s",
                          "1 seed 77: stopped at max_new_tokens, the speech may be cut short"}));
}

}  // namespace
}  // namespace chatterbox::capi_test
