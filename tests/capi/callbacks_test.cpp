// Progress, tensor and log callbacks: what they get, and what becomes of a callback that fails.
#include <stdexcept>
#include <string>

#include "capi/capi_test.h"

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
  request.tag = 21;
  request.user_data = &lines;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    EXPECT_EQ(progress->struct_size, sizeof *progress);
    EXPECT_EQ(progress->tag, 21U);
    static_cast<Lines*>(user_data)->push_back(std::to_string(progress->stage) + " " +
                                              std::to_string(progress->done) + "/" +
                                              std::to_string(progress->total));
    return 0;
  };
  (void)speak(engine, request);
  EXPECT_EQ(lines, (Lines{"1 0/0", "2 1/3", "2 2/3", "2 3/3", "3 0/2", "3 1/2", "3 2/2", "4 0/0",
                          "5 0/0"}));
}

int32_t collect_tensor(const chatterbox_tensor* tensor, void* user_data) {
  EXPECT_EQ(tensor->struct_size, sizeof *tensor);
  EXPECT_EQ(tensor->type, CHATTERBOX_TENSOR_FLOAT32);
  EXPECT_EQ(tensor->rank, 1U);
  const float last = static_cast<const float*>(tensor->data)[tensor->shape[0] - 1];
  static_cast<Lines*>(user_data)->push_back(std::to_string(tensor->tag) + " " + tensor->name +
                                            " [" + std::to_string(tensor->shape[0]) + "] " +
                                            std::to_string(static_cast<int>(last)));
  return 0;
}

TEST_F(Callbacks, TensorsOfARequest) {
  Lines lines;
  chatterbox_request request = request_for("abc");
  request.max_new_tokens = 2;
  request.tag = 22;
  request.on_tensor = collect_tensor;
  request.user_data = &lines;
  (void)speak(engine, request);
  EXPECT_EQ(lines, (Lines{"22 fake.text [1] 3", "22 fake.token [1] 1", "22 fake.token [1] 2"}));
}

TEST_F(Callbacks, TensorsOfAVoice) {
  Lines lines;
  auto options = filled<chatterbox_voice_options>(chatterbox_voice_options_init);
  options.on_tensor = collect_tensor;
  options.user_data = &lines;
  const std::vector<float> samples(2 * 24000, 9.0F);
  (void)made<chatterbox_voice>([&](chatterbox_voice** voice) {
    return chatterbox_engine_make_voice(engine.get(), samples.data(), 24000, 2, 24000, &options,
                                        voice);
  });
  EXPECT_EQ(lines, Lines{"0 fake.recording [24000] 9"});  // one channel by then
}

// The samples are those that the result would have had.
TEST_F(Callbacks, OnAudioGetsTheSamplesInPlaceOfTheResult) {
  chatterbox_request request = request_for("Hello.");
  const std::vector<float> expected = speak(engine, request);
  std::vector<float> got;
  request.tag = 23;
  request.user_data = &got;
  request.on_audio = [](uint64_t tag, const float* samples, uint64_t count, void* user_data) {
    EXPECT_EQ(tag, 23U);
    auto& into = *static_cast<std::vector<float>*>(user_data);
    into.insert(into.end(), samples, samples + count);
    return 0;
  };
  const auto result = generate(engine, request);
  EXPECT_EQ(got, expected);
  EXPECT_EQ(chatterbox_result_samples(result.get()), nullptr);
  EXPECT_EQ(chatterbox_result_sample_count(result.get()), 0U);
  EXPECT_EQ(stats_of(result).samples, static_cast<int64_t>(expected.size()));
}

// The status and the message of a request that ends by its callback.
std::string message_of_end(const Owned<chatterbox_engine>& engine,
                           const chatterbox_request& request, chatterbox_status status) {
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result), status);
  EXPECT_EQ(result, nullptr);
  return chatterbox_last_error();
}

TEST_F(Callbacks, OneThatReturnsAnotherValueThanZeroCancels) {
  chatterbox_request request = request_for("Hello.");
  request.on_progress = [](const chatterbox_progress*, void*) { return 1; };
  EXPECT_EQ(message_of_end(engine, request, CHATTERBOX_STATUS_CANCELLED),
            "on_progress returned 1, which cancels");
  request = request_for("Hello.");
  request.on_tensor = [](const chatterbox_tensor*, void*) { return -7; };
  EXPECT_EQ(message_of_end(engine, request, CHATTERBOX_STATUS_CANCELLED),
            "on_tensor returned -7, which cancels");
  request = request_for("Hello.");
  request.on_audio = [](uint64_t, const float*, uint64_t, void*) { return 1; };
  EXPECT_EQ(message_of_end(engine, request, CHATTERBOX_STATUS_CANCELLED), "on_audio asked to stop");
  expect_usable(engine);
}

TEST_F(Callbacks, OneThatThrowsEndsItsRequestOnly) {
  chatterbox_request request = request_for("Hello.");
  request.on_progress = [](const chatterbox_progress* progress, void*) -> int32_t {
    if (progress->stage == CHATTERBOX_STAGE_FLOW) throw std::runtime_error("screen is full");
    return 0;
  };
  EXPECT_EQ(message_of_end(engine, request, CHATTERBOX_STATUS_INTERNAL),
            "on_progress threw: screen is full");
  request = request_for("Hello.");
  request.on_tensor = [](const chatterbox_tensor*, void*) -> int32_t { throw 42; };
  EXPECT_EQ(message_of_end(engine, request, CHATTERBOX_STATUS_INTERNAL),
            "on_tensor threw: unknown exception");
  request = request_for("Hello.");
  request.on_audio = [](uint64_t, const float*, uint64_t, void*) -> int32_t { throw 42; };
  EXPECT_EQ(message_of_end(engine, request, CHATTERBOX_STATUS_INTERNAL),
            "on_audio threw: unknown exception");
  expect_usable(engine);
}

// The status and the message of a voice whose making ends by its callback.
std::string message_of_voice(const Owned<chatterbox_engine>& engine,
                             chatterbox_tensor_callback on_tensor, chatterbox_status status) {
  auto options = filled<chatterbox_voice_options>(chatterbox_voice_options_init);
  options.on_tensor = on_tensor;
  const std::vector<float> samples(24000, 0.5F);
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(
      chatterbox_engine_make_voice(engine.get(), samples.data(), 24000, 1, 24000, &options, &voice),
      status);
  EXPECT_EQ(voice, nullptr);
  return chatterbox_last_error();
}

TEST_F(Callbacks, OneThatEndsTheMakingOfAVoice) {
  const auto throws = [](const chatterbox_tensor*, void*) -> int32_t {
    throw std::runtime_error("no room");
  };
  EXPECT_EQ(message_of_voice(engine, throws, CHATTERBOX_STATUS_INTERNAL),
            "on_tensor threw: no room");
  const auto cancels = [](const chatterbox_tensor*, void*) -> int32_t { return 2; };
  EXPECT_EQ(message_of_voice(engine, cancels, CHATTERBOX_STATUS_CANCELLED),
            "on_tensor returned 2, which cancels");
  expect_usable(engine);
}

struct Canceller {
  Latch submitted;
  chatterbox_job* job = nullptr;
};

TEST_F(Callbacks, OneMayCancelItsOwnJob) {
  Canceller canceller;
  chatterbox_request request = request_for("Hello.");
  request.user_data = &canceller;
  request.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    auto* own = static_cast<Canceller*>(user_data);
    own->submitted.wait();
    if (progress->stage == CHATTERBOX_STAGE_DECODE) chatterbox_job_cancel(own->job);
    return 0;
  };
  const auto job = submit(engine, request);
  canceller.job = job.get();
  canceller.submitted.open();
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_CANCELLED);
  EXPECT_STREQ(chatterbox_last_error(), "the request was cancelled");
  expect_usable(engine);
}

TEST(LogCallback, GetsTheLinesOfItsLevelWithTheirTags) {
  Lines lines;
  chatterbox_engine_options options = default_options();
  options.log_level = CHATTERBOX_LOG_INFO;
  options.log_user_data = &lines;
  options.log = [](int32_t level, uint64_t tag, const char* message, void* user_data) {
    static_cast<Lines*>(user_data)->push_back(std::to_string(level) + " " + std::to_string(tag) +
                                              " " + message);
    throw 42;  // must not end what is logged
  };
  chatterbox_request request = request_for("Hello.");
  request.seed = 77;
  request.tag = 24;
  request.max_new_tokens = 2;
  (void)speak(make_engine(&options), request);
  EXPECT_EQ(lines, (Lines{"1 0 loaded demo (fake, auto, T3 int8, S3Gen bf16) in 0.250 s",
                          "1 24 seed 77: stopped at max_new_tokens, the speech may be cut short"}));
}

TEST(LogCallback, GetsNothingBelowItsLevel) {
  chatterbox_engine_options options = default_options();
  options.log_level = CHATTERBOX_LOG_OFF;
  options.log = [](int32_t, uint64_t, const char*, void*) { ADD_FAILURE(); };
  chatterbox_request request = request_for("Hello.");
  request.max_new_tokens = 2;
  (void)speak(make_engine(&options), request);
}

}  // namespace
}  // namespace chatterbox::capi_test
