// Voice conversion, long texts, languages and the watermark through the C ABI.
#include <cmath>

#include "capi/handles.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
using testing::ScopedFakeHook;

class Conversions : public CApiTest {
 protected:
  chatterbox_conversion conversion() {
    chatterbox_conversion made;
    EXPECT_EQ(chatterbox_conversion_init(&made, sizeof made), CHATTERBOX_STATUS_OK);
    made.samples = samples_.data();
    made.frames = samples_.size();
    made.sample_rate = 24000;
    made.has_seed = 1;
    made.seed = 9;
    return made;
  }
  // The message of a conversion that is refused.
  std::string refusal(const chatterbox_conversion* asked, chatterbox_status status) {
    chatterbox_result* result = nullptr;
    EXPECT_EQ(chatterbox_engine_convert_voice(engine_.get(), asked, &result), status);
    EXPECT_EQ(result, nullptr);
    return chatterbox_last_error();
  }

  const std::vector<float> samples_ = std::vector<float>(24000, 0.25F);
  const Owned<chatterbox_engine> engine_ = make_engine();
};

TEST_F(Conversions, DefaultsAreThoseOfTheHeader) {
  chatterbox_conversion made;
  ASSERT_EQ(chatterbox_conversion_init(&made, sizeof made), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(made.struct_size, sizeof made);
  EXPECT_EQ(made.has_seed, 0);
  EXPECT_EQ(made.samples, nullptr);
  EXPECT_EQ(made.frames, 0U);
  EXPECT_EQ(made.channels, 1);
  EXPECT_EQ(made.sample_rate, 0);
  EXPECT_EQ(made.voice, nullptr);
  EXPECT_EQ(made.cfm_steps, 0);
}

TEST_F(Conversions, BlockingAndQueuedGiveTheSame) {
  const chatterbox_conversion asked = conversion();
  chatterbox_result* result = nullptr;
  ASSERT_EQ(chatterbox_engine_convert_voice(engine_.get(), &asked, &result), CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  const Owned<chatterbox_result> first(result);
  chatterbox_result_stats stats;
  ASSERT_EQ(chatterbox_result_get_stats(result, &stats, sizeof stats), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(stats.speech_tokens, 24);
  EXPECT_EQ(stats.seed, 9U);
  EXPECT_EQ(stats.text_tokens, 0);

  chatterbox_job* handle = nullptr;
  ASSERT_EQ(chatterbox_engine_submit_conversion(engine_.get(), &asked, &handle),
            CHATTERBOX_STATUS_OK);
  const Owned<chatterbox_job> job(handle);
  ASSERT_EQ(chatterbox_job_wait(handle, &result), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(samples_of(Owned<chatterbox_result>(result)), samples_of(first));
}

TEST_F(Conversions, EveryMemberReachesTheExecutor) {
  engine::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  chatterbox_conversion asked = conversion();
  asked.frames = 12000;
  asked.channels = 2;
  asked.sample_rate = 16000;
  asked.cfm_steps = 3;
  chatterbox_result* result = nullptr;
  ASSERT_EQ(chatterbox_engine_convert_voice(engine_.get(), &asked, &result), CHATTERBOX_STATUS_OK);
  chatterbox_result_destroy(result);
  ASSERT_NE(seen.source, nullptr);
  EXPECT_EQ(seen.source->samples, samples_);
  EXPECT_EQ(seen.source->channels, 2);
  EXPECT_EQ(seen.source->sample_rate, 16000);
  EXPECT_EQ(seen.cfm_steps, 3);
  EXPECT_EQ(seen.seed, 9U);
}

TEST_F(Conversions, WrongOnesAreRefused) {
  EXPECT_EQ(refusal(nullptr, CHATTERBOX_STATUS_INVALID_ARGUMENT), "conversion must not be NULL");
  chatterbox_conversion asked = conversion();
  asked.samples = nullptr;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT), "samples must not be NULL");
  asked = conversion();
  asked.frames = UINT64_MAX;  // must not be read
  EXPECT_THAT(refusal(&asked, CHATTERBOX_STATUS_BAD_AUDIO), HasSubstr("0.1 to 600 s"));
  asked = conversion();
  asked.channels = 9;
  EXPECT_THAT(refusal(&asked, CHATTERBOX_STATUS_BAD_AUDIO), HasSubstr("1 to 8 channels, got 9"));
  asked = conversion();
  asked.sample_rate = 0;
  EXPECT_THAT(refusal(&asked, CHATTERBOX_STATUS_BAD_AUDIO), HasSubstr("got 0"));
  asked = conversion();
  asked.cfm_steps = 101;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT),
            "cfm_steps must be in [1, 100], got 101");
  asked = conversion();
  asked.reserved = 1;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT), "reserved must be 0, got 1");
  asked = conversion();
  asked.has_seed = 2;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT), "has_seed must be 0 or 1, got 2");
  expect_usable(engine_);
}

class LongTexts : public CApiTest {};

TEST_F(LongTexts, GiveTheirSamplesAsTheyGo) {
  const auto engine = make_engine();
  const chatterbox_request request = request_for("One.[pause:500ms]Two.\nThree.");
  chatterbox_result* result = nullptr;
  ASSERT_EQ(chatterbox_engine_generate_long(engine.get(), &request, nullptr, &result),
            CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  const std::vector<float> whole = samples_of(Owned<chatterbox_result>(result));
  EXPECT_GT(whole.size(), 12000U + 3600U);

  chatterbox_long_text_options options;
  ASSERT_EQ(chatterbox_long_text_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(options.pause, 0.15);
  std::vector<float> streamed;
  options.samples_user_data = &streamed;
  options.on_samples = [](const float* samples, uint64_t count, void* user) {
    auto& into = *static_cast<std::vector<float>*>(user);
    into.insert(into.end(), samples, samples + count);
    return 0;
  };
  ASSERT_EQ(chatterbox_engine_generate_long(engine.get(), &request, &options, &result),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_result_sample_count(result), 0U);
  chatterbox_result_destroy(result);
  EXPECT_EQ(streamed, whole);
}

TEST_F(LongTexts, EndWhereTheReceiverSaysSo) {
  const auto engine = make_engine();
  const chatterbox_request request = request_for("One.\nTwo.\nThree.");
  chatterbox_long_text_options options;
  ASSERT_EQ(chatterbox_long_text_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  int calls = 0;
  options.samples_user_data = &calls;
  options.on_samples = [](const float*, uint64_t, void* user) {
    ++*static_cast<int*>(user);
    return 1;
  };
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate_long(engine.get(), &request, &options, &result),
            CHATTERBOX_STATUS_CANCELLED);
  EXPECT_EQ(result, nullptr);
  EXPECT_EQ(calls, 1);
  expect_usable(engine);
}

TEST_F(LongTexts, WrongOnesAreRefused) {
  const auto engine = make_engine();
  const chatterbox_request request = request_for("One.");
  chatterbox_long_text_options options;
  ASSERT_EQ(chatterbox_long_text_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  options.pause = NAN;
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate_long(engine.get(), &request, &options, &result),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "pause must be in [0, 10] seconds, got nan");
  EXPECT_EQ(chatterbox_engine_generate_long(engine.get(), nullptr, nullptr, &result),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(chatterbox_engine_generate_long(nullptr, &request, nullptr, &result),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(chatterbox_engine_generate_long(engine.get(), &request, nullptr, nullptr),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
}

TEST(Languages, AreSortedCodesWithNames) {
  ASSERT_EQ(chatterbox_language_count(), 23U);
  EXPECT_STREQ(chatterbox_language_code(0), "ar");
  EXPECT_STREQ(chatterbox_language_name(0), "Arabic");
  EXPECT_STREQ(chatterbox_language_code(22), "zh");
  for (uint64_t i = 1; i < 23; ++i) {
    EXPECT_LT(std::string(chatterbox_language_code(i - 1)), chatterbox_language_code(i));
  }
  EXPECT_EQ(chatterbox_language_code(23), nullptr);
  EXPECT_EQ(chatterbox_language_name(UINT64_MAX), nullptr);
}

TEST(Watermarks, AreLookedForInCheckedSamples) {
  const std::vector<float> samples(4800, 0.75F);
  float confidence = -1;
  EXPECT_EQ(chatterbox_detect_watermark(samples.data(), 4800, 1, 24000, &confidence),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(confidence, 0.75F);  // the fake detector's
  EXPECT_EQ(chatterbox_detect_watermark(nullptr, 4800, 1, 24000, &confidence),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(confidence, 0);
  EXPECT_EQ(chatterbox_detect_watermark(samples.data(), 4800, 1, 24000, nullptr),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(chatterbox_detect_watermark(samples.data(), 100, 1, 24000, &confidence),
            CHATTERBOX_STATUS_BAD_AUDIO);
}

}  // namespace
}  // namespace chatterbox::capi_test
