// What an engine tells of itself, of its limits and of what is going on; tokens and languages.
#include "capi/seen.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakePoint;
using ::testing::HasSubstr;

class Info : public CApiTest {
 protected:
  static chatterbox_limits limits_of(const Owned<chatterbox_engine>& engine) {
    return filled<chatterbox_limits>([&](chatterbox_limits* limits, size_t size) {
      return chatterbox_engine_get_limits(engine.get(), limits, size);
    });
  }
};

// The numbers are those of the fake model.
TEST_F(Info, IsTheModels) {
  const auto engine = make_engine();
  const auto info = filled<chatterbox_engine_info>(
      [&](auto* out, size_t size) { return chatterbox_engine_get_info(engine.get(), out, size); });
  EXPECT_EQ(info.sample_rate, 24000);
  EXPECT_STREQ(info.family, "fake");
  EXPECT_STREQ(info.model, "demo");
  EXPECT_STREQ(info.device, "auto");
  EXPECT_STREQ(info.precision, "fp32");
  EXPECT_STREQ(info.t3_precision, "int8");
  EXPECT_STREQ(info.s3gen_precision, "bf16");
  EXPECT_STREQ(info.kv_cache, "bf16");
  EXPECT_STREQ(info.t3_kernels, "int8 fake");
  EXPECT_STREQ(info.s3gen_kernels, "bf16 fake");
  EXPECT_EQ(info.threads, 1);
  EXPECT_EQ(info.has_default_voice, 1);
  EXPECT_EQ(info.watermark, 1);
  EXPECT_EQ(info.meanflow, 0);
  EXPECT_EQ(info.parameters, 7);
  EXPECT_EQ(info.weight_bytes, 28);
  EXPECT_EQ(info.max_text_tokens, testing::kFakeMaxTextBytes);
  EXPECT_EQ(info.kv_bytes_per_position, 16);
  EXPECT_EQ(info.load_seconds, 0.25);
  ASSERT_EQ(info.language_count, 2U);
  EXPECT_STREQ(chatterbox_engine_language(engine.get(), 0), "de");
  EXPECT_STREQ(chatterbox_engine_language(engine.get(), 1), "fr");
  EXPECT_EQ(chatterbox_engine_language(engine.get(), 2), nullptr);
  ASSERT_EQ(info.voice_count, 1U);
  EXPECT_STREQ(chatterbox_engine_voice_name(engine.get(), 0), testing::kFakeVoice);
  EXPECT_EQ(chatterbox_engine_voice_name(engine.get(), UINT64_MAX), nullptr);
}

// Two rows a request.
TEST_F(Info, LimitsAreOfTheOptions) {
  chatterbox_engine_options options = default_options();
  options.max_batch = 5;
  options.max_queue = 6;
  options.max_queue_bytes = int64_t{1} << 20;
  const chatterbox_limits limits = limits_of(make_engine(&options));
  EXPECT_EQ(limits.struct_size, sizeof limits);
  EXPECT_EQ(limits.max_batch, 5);
  EXPECT_EQ(limits.rows, 10);
  EXPECT_EQ(limits.positions, 7);
  EXPECT_EQ(limits.row_bytes, 70);
  EXPECT_EQ(limits.cache_bytes, 700);
  EXPECT_EQ(limits.batch_frames, testing::kFakeBatchFrames);
  EXPECT_EQ(limits.prefix_bytes, testing::kFakePrefixBytes);
  EXPECT_EQ(limits.max_queue, 6);
  EXPECT_EQ(limits.max_queue_bytes, int64_t{1} << 20);
  EXPECT_EQ(limits.max_text_tokens, testing::kFakeMaxTextBytes);
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  EXPECT_EQ(limits_of(make_engine(&options)).max_batch, 1);
}

TEST_F(Info, MetricsOfAnIdleEngine) {
  const auto engine = make_engine();
  chatterbox_metrics metrics = metrics_of(engine);
  EXPECT_EQ(metrics.struct_size, sizeof metrics);
  EXPECT_EQ(metrics.healthy, 1);
  EXPECT_EQ(metrics.step_seconds, 0);
  EXPECT_EQ(metrics.queue_seconds, 0);
  EXPECT_EQ(metrics.audio_seconds, 0);
  (void)speak(engine, request_for("a"));
  EXPECT_EQ(chatterbox_engine_drain(engine.get(), CHATTERBOX_FOREVER), CHATTERBOX_STATUS_OK);
  metrics = metrics_of(engine);
  EXPECT_EQ(metrics.running, 0);
  EXPECT_EQ(metrics.waiting, 0);
  EXPECT_EQ(metrics.waiting_bytes, 0);
  EXPECT_EQ(metrics.rows_in_use, 0);
  EXPECT_EQ(metrics.peak_rows, 2);
  EXPECT_EQ(metrics.prefix_hits, 2);  // whatever the fake model says
  EXPECT_EQ(metrics.prefix_misses, 2);
  EXPECT_EQ(metrics.prefix_positions_saved, 3);
  EXPECT_EQ(metrics.speech_tokens, 5);
  EXPECT_EQ(metrics.decode_steps, 5);
  EXPECT_DOUBLE_EQ(metrics.audio_seconds, 5.0 * testing::kFakeSamplesPerToken / 24000);
  EXPECT_GT(metrics.step_seconds, 0);
  EXPECT_EQ(metrics.seconds_since_step, 0);
}

TEST_F(Info, MetricsWhileSomeRunAndSomeWait) {
  chatterbox_engine_options options = default_options();
  options.mode = CHATTERBOX_MODE_SEQUENTIAL;
  const auto engine = make_engine(&options);
  const Hold hold(FakePoint::kStep);
  const auto running = submit(engine, request_for("a"));
  hold.wait_until_reached();
  const auto first = submit(engine, request_for("b"));
  const auto second = submit(engine, request_for("c"));
  const chatterbox_metrics metrics = metrics_of(engine);
  EXPECT_EQ(metrics.running, 1);
  EXPECT_EQ(metrics.waiting, 2);
  EXPECT_GT(metrics.waiting_bytes, 2);
  EXPECT_EQ(metrics.rows_in_use, 2);
  hold.go_on();
  for (const auto* job : {&running, &first, &second}) {
    EXPECT_EQ(wait_status(*job), CHATTERBOX_STATUS_OK);
  }
}

TEST_F(Info, EndsAreCountedByStatus) {
  const auto engine = make_engine();
  (void)speak(engine, request_for("a"));
  (void)speak(engine, request_for("b"));
  {
    const Hold hold(FakePoint::kBegin);
    const auto running = submit(engine, request_for("c"));
    hold.wait_until_reached();
    const auto waiting = submit(engine, request_for("d"));
    chatterbox_job_cancel(waiting.get());
    EXPECT_EQ(wait_status(waiting), CHATTERBOX_STATUS_CANCELLED);
    hold.go_on();
    EXPECT_EQ(wait_status(running), CHATTERBOX_STATUS_OK);
  }
  const chatterbox_metrics metrics = metrics_of(engine);
  EXPECT_EQ(metrics.ended[0], 3);
  EXPECT_EQ(metrics.ended[-CHATTERBOX_STATUS_CANCELLED], 1);
  int64_t all = 0;
  for (const int64_t count : metrics.ended) all += count;
  EXPECT_EQ(all, 4);
}

TEST_F(Info, CountsTokens) {
  const auto engine = make_engine();
  const auto count = [&](const char* text, const char* language = nullptr, int32_t tags = 0) {
    int64_t tokens = -1;
    EXPECT_EQ(chatterbox_engine_count_tokens(engine.get(), text, language, tags, &tokens),
              CHATTERBOX_STATUS_OK)
        << chatterbox_last_error();
    return tokens;
  };
  EXPECT_EQ(count("Hello."), 6);
  EXPECT_EQ(count("Hello.", "FR", 1), 6);
  EXPECT_EQ(count(std::string(1 << 20, 'x').c_str()), 1 << 20);  // more than a request may have
  int64_t tokens = -1;
  const auto refused = [&](const char* text, int32_t tags) {
    EXPECT_EQ(chatterbox_engine_count_tokens(engine.get(), text, nullptr, tags, &tokens),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return std::string(chatterbox_last_error());
  };
  EXPECT_EQ(refused(" ", 0), "text must not be blank");
  EXPECT_EQ(refused("a\xff", 0), "text must be UTF-8, byte 1 (0xff) is not");
  EXPECT_EQ(refused("a", 2), "text_tags must be 0 or 1, got 2");
}

TEST_F(Info, QuantisedIsTheModels) {
  chatterbox_engine_options options = default_options();
  for (const int32_t family : {CHATTERBOX_FAMILY_TURBO, CHATTERBOX_FAMILY_NANO}) {
    options.family = family;
    const auto engine = make_engine(&options);
    const auto info = filled<chatterbox_engine_info>([&](auto* out, size_t size) {
      return chatterbox_engine_get_info(engine.get(), out, size);
    });
    EXPECT_EQ(info.quantised, family == CHATTERBOX_FAMILY_NANO ? 1 : 0);
    EXPECT_EQ(info.reserved, 0);
  }
}

TEST(QuantiseModel, PassesItsArguments) {
  EXPECT_EQ(chatterbox_quantise_model("a", CHATTERBOX_UNSET, "b"), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_quantise_model("a", CHATTERBOX_FAMILY_TURBO, "full"), CHATTERBOX_STATUS_IO);
  EXPECT_STREQ(chatterbox_last_error(), "full: a of family 5");
  const auto refusal = [](const char* model, int32_t family, const char* output) {
    EXPECT_EQ(chatterbox_quantise_model(model, family, output), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return std::string(chatterbox_last_error());
  };
  EXPECT_EQ(refusal(nullptr, CHATTERBOX_UNSET, "b"), "model must not be NULL");
  EXPECT_EQ(refusal("a", CHATTERBOX_UNSET, nullptr), "output must not be NULL");
  EXPECT_EQ(refusal("", CHATTERBOX_UNSET, "b"), "model must not be empty");
  EXPECT_EQ(refusal("a", CHATTERBOX_UNSET, ""), "output must not be empty");
  EXPECT_EQ(refusal("a", 7, "b"), "family must be in [1, 6], got 7");
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

}  // namespace
}  // namespace chatterbox::capi_test
