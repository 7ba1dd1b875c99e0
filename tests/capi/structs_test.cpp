// Structs across versions of the header, their defaults, and that every member reaches the engine.
#include <array>
#include <chatterbox/chatterbox.hpp>
#include <cstring>

#include "capi/handles.h"

namespace chatterbox::capi_test {
namespace {

using testing::FakeCall;
using testing::FakePoint;
using ::testing::HasSubstr;
using testing::ScopedFakeHook;

class Structs : public CApiTest {};

// A struct of a newer header: more bytes behind it than this library knows.
template <class Struct>
struct Newer {
  Struct known;
  std::array<unsigned char, 16> appended;
};

// What the executor gets of a request, whatever the engine makes of it.
engine::Task task_of(const chatterbox_request* request) {
  engine::Task seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kBegin) seen = *call.task;
  });
  const auto engine = make_engine();
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate(engine.get(), request, &result), CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  chatterbox_result_destroy(result);
  return seen;
}

EngineOptions options_of(const chatterbox_engine_options* options) {
  EngineOptions seen;
  const ScopedFakeHook hook([&](const FakeCall& call) {
    if (call.point == FakePoint::kLoad) seen = *call.options;
  });
  EXPECT_TRUE(make_engine(options));
  return seen;
}

TEST_F(Structs, DefaultsOfARequestAreThoseOfCpp) {
  chatterbox_request request;
  ASSERT_EQ(chatterbox_request_init(&request, sizeof request), CHATTERBOX_STATUS_OK);
  const Request expected;
  EXPECT_EQ(request.struct_size, sizeof request);
  EXPECT_EQ(request.has_seed == 1, expected.seed.has_value());
  EXPECT_EQ(request.seed, 0U);
  EXPECT_EQ(request.text, nullptr);
  EXPECT_EQ(request.voice != nullptr, expected.voice.has_value());
  EXPECT_EQ(request.temperature, expected.temperature);
  EXPECT_EQ(request.cfg_weight, expected.cfg_weight);
  EXPECT_EQ(request.exaggeration, expected.exaggeration);
  EXPECT_EQ(request.min_p, expected.min_p);
  EXPECT_EQ(request.top_p, expected.top_p);
  EXPECT_EQ(request.repetition_penalty, expected.repetition_penalty);
  EXPECT_EQ(request.max_new_tokens, expected.max_new_tokens);
  EXPECT_EQ(request.cfm_steps, expected.cfm_steps);
  EXPECT_EQ(request.on_progress, nullptr);
  EXPECT_EQ(request.progress_user_data, nullptr);
  EXPECT_EQ(request.on_tensor, nullptr);
  EXPECT_EQ(request.tensor_user_data, nullptr);
  EXPECT_EQ(request.analyze_alignment == 1, expected.analyze_alignment);
  EXPECT_EQ(request.top_k, expected.top_k);
  EXPECT_EQ(request.language, nullptr);
  EXPECT_EQ(request.text_tags == 1, expected.text_tags);
  EXPECT_EQ(request.reserved, 0);
}

TEST_F(Structs, DefaultsOfTheEnginesFamily) {
  const auto engine = make_engine();
  chatterbox_request request;
  ASSERT_EQ(chatterbox_engine_request_init(engine.get(), &request, sizeof request),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(request.struct_size, sizeof request);
  EXPECT_EQ(request.cfm_steps, testing::kFakeDefaultSteps);
  EXPECT_EQ(request.temperature, 0.8F);
  EXPECT_EQ(chatterbox_engine_request_init(nullptr, &request, sizeof request),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
}

// The comments of both headers promise these numbers.
TEST_F(Structs, DefaultsOfARequestAreThoseOfTheHeader) {
  const Request request;
  EXPECT_EQ(request.temperature, 0.8F);
  EXPECT_EQ(request.cfg_weight, 0.5F);
  EXPECT_EQ(request.exaggeration, 0.5F);
  EXPECT_EQ(request.min_p, 0.05F);
  EXPECT_EQ(request.top_p, 1);
  EXPECT_EQ(request.repetition_penalty, 1.2F);
  EXPECT_EQ(request.max_new_tokens, 1000);
  EXPECT_EQ(request.cfm_steps, 10);
}

TEST_F(Structs, DefaultsOfTheOptionsAreThoseOfCpp) {
  chatterbox_engine_options options;
  ASSERT_EQ(chatterbox_engine_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  const EngineOptions expected;
  EXPECT_EQ(options.struct_size, sizeof options);
  EXPECT_EQ(options.model, expected.model);
  EXPECT_EQ(options.device, expected.device);
  EXPECT_EQ(options.precision, CHATTERBOX_PRECISION_DEFAULT);
  EXPECT_FALSE(expected.precision.has_value());
  EXPECT_EQ(options.threads, expected.threads);
  EXPECT_EQ(options.max_queue, expected.max_queue);
  EXPECT_EQ(options.log, nullptr);
  EXPECT_EQ(options.log_user_data, nullptr);
  EXPECT_EQ(options.log_level, static_cast<int32_t>(expected.log_level));
  EXPECT_EQ(options.deterministic == 1, expected.deterministic);
  EXPECT_EQ(options.mode, static_cast<int32_t>(expected.mode));
  EXPECT_EQ(options.max_batch, expected.max_batch);
  EXPECT_EQ(options.memory_limit, expected.memory_limit);
  EXPECT_EQ(options.family, CHATTERBOX_FAMILY_AUTO);
  EXPECT_FALSE(expected.family.has_value());
  EXPECT_EQ(options.watermark, static_cast<int32_t>(expected.watermark));
  chatterbox_voice_options voice;
  ASSERT_EQ(chatterbox_voice_options_init(&voice, sizeof voice), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(voice.struct_size, sizeof voice);
  EXPECT_EQ(voice.normalise_loudness, 1);
  EXPECT_EQ(voice.on_tensor, nullptr);
  EXPECT_EQ(voice.tensor_user_data, nullptr);
}

TEST_F(Structs, NoOptionsAreTheDefaults) {
  const EngineOptions seen = options_of(nullptr);
  const EngineOptions expected;
  EXPECT_EQ(seen.model, expected.model);
  EXPECT_EQ(seen.device, expected.device);
  EXPECT_EQ(seen.precision, expected.precision);
  EXPECT_EQ(seen.threads, expected.threads);
  EXPECT_EQ(seen.max_queue, expected.max_queue);
  EXPECT_EQ(seen.log_level, expected.log_level);
}

TEST_F(Structs, EveryOptionReachesTheEngine) {
  chatterbox_engine_options options = default_options();
  options.precision = CHATTERBOX_PRECISION_BF16;
  options.model = testing::kFakeWithoutVoice;
  options.device = "cuda:3";
  options.threads = 7;
  options.max_queue = 9;
  options.log = [](int32_t, const char*, void*) {};
  options.log_level = CHATTERBOX_LOG_DEBUG;
  options.deterministic = 1;
  options.mode = CHATTERBOX_MODE_BATCH;
  options.max_batch = 3;
  options.memory_limit = int64_t{1} << 40;
  options.family = CHATTERBOX_FAMILY_TURBO;
  options.watermark = CHATTERBOX_WATERMARK_OFF;
  const EngineOptions seen = options_of(&options);
  EXPECT_EQ(seen.precision, Precision::kBf16);
  EXPECT_EQ(seen.model, testing::kFakeWithoutVoice);
  EXPECT_EQ(seen.device, "cuda:3");
  EXPECT_EQ(seen.threads, 7);
  EXPECT_EQ(seen.max_queue, 9);
  EXPECT_TRUE(static_cast<bool>(seen.log));
  EXPECT_EQ(seen.log_level, LogLevel::kDebug);
  EXPECT_TRUE(seen.deterministic);
  EXPECT_EQ(seen.mode, Mode::kBatch);
  EXPECT_EQ(seen.max_batch, 3);
  EXPECT_EQ(seen.memory_limit, int64_t{1} << 40);
  EXPECT_EQ(seen.family, Family::kTurbo);
  EXPECT_EQ(seen.watermark, Watermark::kOff);
  options.precision = CHATTERBOX_PRECISION_FP32;
  EXPECT_EQ(options_of(&options).precision, Precision::kFp32);
}

TEST_F(Structs, EveryMemberOfARequestReachesTheExecutor) {
  chatterbox_request request = request_for("Words.");
  request.seed = UINT64_MAX;
  request.temperature = 1.5F;
  request.cfg_weight = 2.5F;
  request.exaggeration = 1.25F;
  request.min_p = 0.125F;
  request.top_p = 0.75F;
  request.repetition_penalty = 3.5F;
  request.max_new_tokens = 11;
  request.cfm_steps = 12;
  request.analyze_alignment = 1;
  request.top_k = 13;
  request.language = "FR";
  request.text_tags = 1;
  const engine::Task task = task_of(&request);
  EXPECT_EQ(task.text, "Words.");
  EXPECT_EQ(task.seed, UINT64_MAX);
  EXPECT_EQ(task.temperature, 1.5F);
  EXPECT_EQ(task.cfg_weight, 2.5F);
  EXPECT_EQ(task.exaggeration, 1.25F);
  EXPECT_EQ(task.min_p, 0.125F);
  EXPECT_EQ(task.top_p, 0.75F);
  EXPECT_EQ(task.repetition_penalty, 3.5F);
  EXPECT_EQ(task.max_new_tokens, 11);
  EXPECT_EQ(task.cfm_steps, 12);
  EXPECT_TRUE(task.analyze_alignment);
  EXPECT_EQ(task.top_k, 13);
  EXPECT_EQ(task.language, "fr");
  EXPECT_TRUE(task.text_tags);
}

TEST_F(Structs, ZeroIsAValue) {
  chatterbox_request request = request_for("a");
  request.seed = 0;
  request.temperature = 0;
  request.cfg_weight = 0;
  request.exaggeration = 0;
  request.min_p = 0;
  const engine::Task task = task_of(&request);
  EXPECT_EQ(task.seed, 0U);
  EXPECT_EQ(task.temperature, 0);
  EXPECT_EQ(task.cfg_weight, 0);
  EXPECT_EQ(task.exaggeration, 0);
  EXPECT_EQ(task.min_p, 0);
}

// 0 where 0 is no value is refused, not replaced by a default.
TEST_F(Structs, ZeroIsNotReplaced) {
  const auto engine = make_engine();
  const auto refused = [&](const chatterbox_request& request) {
    chatterbox_job* job = nullptr;
    EXPECT_EQ(chatterbox_engine_submit(engine.get(), &request, &job),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return std::string(chatterbox_last_error());
  };
  chatterbox_request request = request_for("a");
  request.top_p = 0;
  EXPECT_EQ(refused(request), "top_p must be above 0 and at most 1, got 0");
  request = request_for("a");
  request.repetition_penalty = 0;
  EXPECT_EQ(refused(request), "repetition_penalty must be in [0.5, 5], got 0");
  request = request_for("a");
  request.max_new_tokens = 0;
  EXPECT_EQ(refused(request), "max_new_tokens must be in [1, 4096], got 0");
  request = request_for("a");
  request.cfm_steps = 0;
  EXPECT_EQ(refused(request), "cfm_steps must be in [1, 100], got 0");
}

// A program that was built with a header whose request ended before max_new_tokens.
TEST_F(Structs, AnOlderRequestGetsTheDefaultsOfTheRest) {
  chatterbox_request request = request_for("Old.");
  request.struct_size = offsetof(chatterbox_request, max_new_tokens);
  request.temperature = 0.25F;
  request.max_new_tokens = -77;  // not the caller's memory: must not be looked at
  request.cfm_steps = -77;
  const engine::Task task = task_of(&request);
  EXPECT_EQ(task.temperature, 0.25F);
  EXPECT_EQ(task.max_new_tokens, 1000);
  EXPECT_EQ(task.cfm_steps, 10);
  EXPECT_FALSE(task.analyze_alignment);
}

TEST_F(Structs, ANewerRequestPassesWhereTheRestIsZero) {
  Newer<chatterbox_request> newer{request_for("New."), {}};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(task_of(&newer.known).text, "New.");
  newer.appended[3] = 1;
  const auto engine = make_engine();
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(engine.get(), &newer.known, &job),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(
      chatterbox_last_error(),
      "chatterbox_request sets byte 123, which this library (whose struct has 120) does not "
      "know");
}

TEST_F(Structs, OptionsOfOtherVersions) {
  chatterbox_engine_options options = default_options();
  options.struct_size = offsetof(chatterbox_engine_options, threads);
  options.device = "cpu";
  options.threads = -77;
  options.deterministic = -77;
  EXPECT_EQ(options_of(&options).device, "cpu");
  EXPECT_EQ(options_of(&options).threads, 0);
  Newer<chatterbox_engine_options> newer{default_options(), {}};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(options_of(&newer.known).model, "demo");
  newer.appended[15] = 0x80;
  chatterbox_engine* engine = nullptr;
  EXPECT_EQ(chatterbox_engine_create(&newer.known, &engine), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("chatterbox_engine_options sets byte 95"));
}

TEST_F(Structs, VoiceOptionsOfOtherVersions) {
  const auto engine = make_engine();
  const std::vector<float> samples(24000, 0.5F);
  const auto make = [&](const chatterbox_voice_options* options) {
    chatterbox_voice* voice = nullptr;
    const chatterbox_status status = chatterbox_engine_make_voice(
        engine.get(), samples.data(), samples.size(), 1, 24000, options, &voice);
    chatterbox_voice_destroy(voice);
    return status;
  };
  Newer<chatterbox_voice_options> newer{};
  ASSERT_EQ(chatterbox_voice_options_init(&newer.known, sizeof newer), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(make(&newer.known), CHATTERBOX_STATUS_OK);
  newer.appended[0] = 1;
  EXPECT_EQ(make(&newer.known), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  newer.known.struct_size = 8;
  EXPECT_EQ(make(&newer.known), CHATTERBOX_STATUS_OK);
  newer.known.normalise_loudness = 3;
  EXPECT_EQ(make(&newer.known), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "normalise_loudness must be 0 or 1, got 3");
}

// An _init function fills what the caller's header knows, and nothing beyond it.
TEST_F(Structs, InitWritesTheCallersSizeOnly) {
  Newer<chatterbox_request> newer;
  std::memset(&newer, 0x5A, sizeof newer);
  ASSERT_EQ(chatterbox_request_init(&newer.known, sizeof newer - 8), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(newer.known.struct_size, sizeof newer - 8);
  EXPECT_EQ(newer.known.cfm_steps, 10);
  for (size_t i = 0; i < newer.appended.size(); ++i) {
    EXPECT_EQ(newer.appended[i], i < 8 ? 0 : 0x5A) << i;
  }
  chatterbox_request older;
  std::memset(&older, 0x5A, sizeof older);
  ASSERT_EQ(chatterbox_request_init(&older, 32), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(older.struct_size, 32U);
  EXPECT_EQ(older.text, nullptr);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&older);
  for (size_t i = 32; i < sizeof older; ++i) EXPECT_EQ(bytes[i], 0x5A) << i;
}

TEST_F(Structs, SizesThatNoVersionHas) {
  chatterbox_request request{};
  chatterbox_engine_options options{};
  chatterbox_voice_options voice_options{};
  chatterbox_engine_info info{};
  const auto engine = make_engine();
  for (const size_t size : {size_t{0}, size_t{4}, size_t{7}, size_t{97}, size_t{4104}, SIZE_MAX}) {
    EXPECT_EQ(chatterbox_request_init(&request, size), CHATTERBOX_STATUS_INVALID_ARGUMENT) << size;
    EXPECT_THAT(chatterbox_last_error(), HasSubstr(std::to_string(size)));
    EXPECT_EQ(chatterbox_engine_options_init(&options, size), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(chatterbox_voice_options_init(&voice_options, size),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(chatterbox_engine_get_info(engine.get(), &info, size),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
  }
  // A struct that nobody initialised has a size of 0, or of anything.
  chatterbox_job* job = nullptr;
  for (const uint32_t size : {0U, 3U, 99U, UINT32_MAX}) {
    request = request_for("a");
    request.struct_size = size;
    EXPECT_EQ(chatterbox_engine_submit(engine.get(), &request, &job),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_STREQ(chatterbox_last_error(), ("chatterbox_request cannot have a size of " +
                                           std::to_string(size) + " bytes (this library's has 120)")
                                              .c_str());
  }
}

TEST_F(Structs, InfoForOlderAndNewerPrograms) {
  const auto engine = make_engine();
  Newer<chatterbox_engine_info> info;
  std::memset(&info, 0x5A, sizeof info);
  ASSERT_EQ(chatterbox_engine_get_info(engine.get(), &info.known, sizeof info),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(info.known.struct_size, sizeof info.known);  // what this library filled in
  EXPECT_EQ(info.known.sample_rate, 24000);
  EXPECT_STREQ(info.known.family, "fake");
  EXPECT_STREQ(info.known.model, "demo");
  EXPECT_STREQ(info.known.device, "auto");
  EXPECT_STREQ(info.known.precision, "fp32");
  EXPECT_EQ(info.known.parameters, 7);
  EXPECT_EQ(info.known.weight_bytes, 28);
  EXPECT_EQ(info.known.max_text_tokens, 500);
  EXPECT_EQ(info.known.kv_bytes_per_position, 16);
  EXPECT_EQ(info.known.load_seconds, 0.25);
  EXPECT_EQ(info.known.has_default_voice, 1);
  EXPECT_EQ(info.known.watermark, 1);
  EXPECT_STREQ(info.known.languages, "de,fr");
  EXPECT_EQ(info.appended, (std::array<unsigned char, 16>{}));
  std::memset(&info, 0x5A, sizeof info);
  ASSERT_EQ(chatterbox_engine_get_info(engine.get(), &info.known, 8), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(info.known.struct_size, 8U);
  EXPECT_EQ(info.known.sample_rate, 24000);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&info);
  for (size_t i = 8; i < sizeof info; ++i) EXPECT_EQ(bytes[i], 0x5A) << i;
}

TEST_F(Structs, OptionsOfAHeaderWithoutModesGetTheDefaults) {
  chatterbox_engine_options options = default_options();
  options.struct_size = offsetof(chatterbox_engine_options, mode);
  options.mode = -77;  // not the caller's memory: must not be looked at
  options.max_batch = -77;
  EXPECT_EQ(options_of(&options).mode, Mode::kDynamic);
  EXPECT_EQ(options_of(&options).max_batch, 8);
}

// The numbers are those of the fake executor: two rows a request.
TEST_F(Structs, CapacityOfAnIdleEngine) {
  chatterbox_engine_options options = default_options();
  options.max_batch = 5;
  const auto engine = make_engine(&options);
  (void)speak(engine, request_for("a"));
  Newer<chatterbox_capacity> capacity;
  std::memset(&capacity, 0x5A, sizeof capacity);
  ASSERT_EQ(chatterbox_engine_get_capacity(engine.get(), &capacity.known, sizeof capacity),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(capacity.known.struct_size, sizeof capacity.known);
  EXPECT_EQ(capacity.known.reserved, 0);
  EXPECT_EQ(capacity.known.rows, 10);
  EXPECT_EQ(capacity.known.positions, 7);
  EXPECT_EQ(capacity.known.row_bytes, 70);
  EXPECT_EQ(capacity.known.cache_bytes, 700);
  EXPECT_EQ(capacity.known.batch_frames, testing::kFakeBatchFrames);
  EXPECT_EQ(capacity.known.rows_in_use, 0);
  EXPECT_EQ(capacity.known.peak_rows, 2);
  EXPECT_EQ(capacity.known.running, 0);
  EXPECT_EQ(capacity.known.waiting, 0);
  EXPECT_EQ(capacity.known.prefix_bytes, testing::kFakePrefixBytes);
  EXPECT_EQ(capacity.known.prefix_hits, 2);  // whatever the fake executor says
  EXPECT_EQ(capacity.known.prefix_misses, 2);
  EXPECT_EQ(capacity.known.prefix_positions_saved, 3);
  EXPECT_EQ(capacity.appended, (std::array<unsigned char, 16>{}));
}

TEST_F(Structs, FlagsAndEnumerationsAreChecked) {
  chatterbox_engine* engine = nullptr;
  const auto refused = [&](const chatterbox_engine_options& options) {
    EXPECT_EQ(chatterbox_engine_create(&options, &engine), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    return std::string(chatterbox_last_error());
  };
  chatterbox_engine_options options = default_options();
  options.precision = 9;
  EXPECT_EQ(refused(options), "precision must be 1 (fp32) or 2 (bf16), got 9");
  options = default_options();
  options.log_level = 5;
  EXPECT_EQ(refused(options), "log_level must be in [0, 4], got 5");
  options = default_options();
  options.deterministic = 2;
  EXPECT_EQ(refused(options), "deterministic must be 0 or 1, got 2");
  options = default_options();
  options.max_queue = 0;
  EXPECT_EQ(refused(options), "max_queue must be in [1, 65536], got 0");
  options = default_options();
  options.mode = 3;
  EXPECT_EQ(refused(options), "mode must be in [0, 2], got 3");
  options = default_options();
  options.max_batch = 257;
  EXPECT_EQ(refused(options), "max_batch must be in [1, 256], got 257");
  options = default_options();
  options.memory_limit = -1;
  EXPECT_EQ(refused(options), "memory_limit must be at least 0, got -1");
  options = default_options();
  options.model = "";
  EXPECT_EQ(refused(options), "model must not be empty");
  const auto good = make_engine();
  chatterbox_request request = request_for("a");
  request.has_seed = 2;
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(good.get(), &request, &job),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "has_seed must be 0 or 1, got 2");
  request = request_for("a");
  request.analyze_alignment = -1;
  EXPECT_EQ(chatterbox_engine_submit(good.get(), &request, &job),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "analyze_alignment must be 0 or 1, got -1");
  request = request_for("a");
  request.reserved = 3;
  EXPECT_EQ(chatterbox_engine_submit(good.get(), &request, &job),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "reserved must be 0, got 3");
}

}  // namespace
}  // namespace chatterbox::capi_test
