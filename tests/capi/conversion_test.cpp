// Voice conversion through the C ABI.
#include "capi/capi_test.h"

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
  Owned<chatterbox_result> convert(const chatterbox_conversion& asked) {
    return made<chatterbox_result>([&](chatterbox_result** result) {
      return chatterbox_engine_convert_voice(engine_.get(), &asked, result);
    });
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

TEST_F(Conversions, BlockingAndQueuedGiveTheSame) {
  const chatterbox_conversion asked = conversion();
  const auto first = convert(asked);
  const chatterbox_result_stats stats = stats_of(first);
  EXPECT_EQ(stats.speech_tokens, 24);
  EXPECT_EQ(stats.seed, 9U);
  EXPECT_EQ(stats.text_tokens, 0);
  const auto job = made<chatterbox_job>([&](chatterbox_job** out) {
    return chatterbox_engine_submit_conversion(engine_.get(), &asked, out);
  });
  EXPECT_EQ(samples_of(wait_for(job)), samples_of(first));
}

TEST_F(Conversions, EveryMemberReachesTheExecutor) {
  const auto seen = std::make_shared<runtime::Task>();
  const ScopedFakeHook hook([seen](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) *seen = *call.task;
  });
  chatterbox_conversion asked = conversion();
  asked.frames = 12000;
  asked.channels = 2;
  asked.sample_rate = 16000;
  asked.cfm_steps = 3;
  asked.cfg_steps = 2;
  const auto voice = made<chatterbox_voice>([&](chatterbox_voice** out) {
    return chatterbox_engine_get_voice(engine_.get(), testing::kFakeVoice, out);
  });
  asked.voice = voice.get();
  (void)convert(asked);
  ASSERT_NE(seen->source, nullptr);
  EXPECT_EQ(seen->source->samples, std::vector<float>(12000, 0.25F));  // the channels' mean
  EXPECT_EQ(seen->source->sample_rate, 16000);
  EXPECT_EQ(seen->cfm_steps, 3);
  EXPECT_EQ(seen->cfg_steps, 2);
  EXPECT_EQ(seen->seed, 9U);
  EXPECT_EQ(seen->voice->x_vector.front(), 2);  // the second voice's
}

TEST_F(Conversions, HaveTagsCallbacksAndStatistics) {
  struct Seen {
    uint64_t progress = 0, audio = 0;
    std::vector<float> samples;
  } seen;
  chatterbox_conversion asked = conversion();
  const auto expected = samples_of(convert(asked));
  asked.tag = 41;
  asked.user_data = &seen;
  asked.on_progress = [](const chatterbox_progress* progress, void* user_data) {
    static_cast<Seen*>(user_data)->progress = progress->tag;
    return 0;
  };
  asked.on_audio = [](uint64_t tag, const float* samples, uint64_t count, void* user_data) {
    auto* own = static_cast<Seen*>(user_data);
    own->audio = tag;
    own->samples.insert(own->samples.end(), samples, samples + count);
    return 0;
  };
  EXPECT_EQ(stats_of(convert(asked)).tag, 41U);
  EXPECT_EQ(seen.progress, 41U);
  EXPECT_EQ(seen.audio, 41U);
  EXPECT_EQ(seen.samples, expected);
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
  asked.cfm_steps = -2;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT),
            "cfm_steps must be in [1, 100], got -2");
  asked = conversion();
  asked.deadline_ms = 0;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT),
            "deadline must be at least 1 ms, got 0");
  asked = conversion();
  asked.reserved = 1;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT), "reserved must be 0, got 1");
  asked = conversion();
  asked.has_seed = 2;
  EXPECT_EQ(refusal(&asked, CHATTERBOX_STATUS_INVALID_ARGUMENT), "has_seed must be 0 or 1, got 2");
  expect_usable(engine_);
}

}  // namespace
}  // namespace chatterbox::capi_test
