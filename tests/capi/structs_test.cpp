// Structs across versions of the header.
#include <cstring>

#include "capi/seen.h"

namespace chatterbox::capi_test {
namespace {

using ::testing::HasSubstr;

class Structs : public CApiTest {};

std::string number(size_t value) { return std::to_string(value); }

// A program that was built with a header whose request ended before max_new_tokens.
TEST_F(Structs, AnOlderRequestGetsTheDefaultsOfTheRest) {
  chatterbox_request request = request_for("Old.");
  request.struct_size = offsetof(chatterbox_request, max_new_tokens);
  request.temperature = 0.25F;
  request.max_new_tokens = -77;  // not the caller's memory: must not be looked at
  request.cfm_steps = -77;
  request.on_done = [](uint64_t, chatterbox_status, void*) { ADD_FAILURE(); };
  const runtime::Task task = task_of(request);
  EXPECT_EQ(task.temperature, 0.25F);
  EXPECT_EQ(task.max_new_tokens, 1000);
  EXPECT_EQ(task.cfm_steps, testing::kFakeSteps);
  EXPECT_FALSE(task.analyze_alignment);
}

TEST_F(Structs, ANewerRequestPassesWhereTheRestIsZero) {
  Newer<chatterbox_request> newer{request_for("New."), {}};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(task_of(newer.known).text, "New.");
  newer.appended[3] = 1;
  EXPECT_EQ(refusal(make_engine(), newer.known),
            "chatterbox_request sets byte " + number(sizeof newer.known + 3) +
                ", which this library (whose struct has " + number(sizeof newer.known) +
                ") does not know");
}

TEST_F(Structs, OptionsOfOtherVersions) {
  chatterbox_engine_options options = default_options();
  options.struct_size = offsetof(chatterbox_engine_options, precision);
  options.device = "cpu";
  options.precision = -77;
  options.threads = -77;
  options.mode = -77;
  options.max_batch = -77;
  options.deterministic = -77;
  const EngineOptions seen = options_of(&options);
  EXPECT_EQ(seen.device, "cpu");
  EXPECT_FALSE(seen.precision);
  EXPECT_FALSE(seen.threads);
  EXPECT_EQ(seen.mode, Mode::kDynamic);
  EXPECT_FALSE(seen.max_batch);
  Newer<chatterbox_engine_options> newer{default_options(), {}};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(options_of(&newer.known).model, "demo");
  newer.appended[15] = 0x80;
  chatterbox_engine* engine = nullptr;
  EXPECT_EQ(chatterbox_engine_create(&newer.known, &engine), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(chatterbox_last_error(),
              HasSubstr("chatterbox_engine_options sets byte " + number(sizeof newer.known + 15)));
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
  newer.known.prompt_seconds = -77;  // not the caller's memory
  EXPECT_EQ(make(&newer.known), CHATTERBOX_STATUS_OK);
  newer.known.normalise_loudness = 3;
  EXPECT_EQ(make(&newer.known), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "normalise_loudness must be 0 or 1, got 3");
}

TEST_F(Structs, LongTextOptionsOfOtherVersions) {
  const auto engine = make_engine();
  const chatterbox_request request = request_for("One.\nTwo.");
  auto options = filled<chatterbox_long_text_options>(chatterbox_long_text_options_init);
  options.struct_size = offsetof(chatterbox_long_text_options, pause_seconds);
  options.pause_seconds = -77;  // not the caller's memory
  const auto older = samples_of(wait_for(submit_long(engine, request, &options)));
  EXPECT_EQ(older, samples_of(wait_for(submit_long(engine, request))));
}

// An _init function fills what the caller's header knows, and nothing beyond it.
TEST_F(Structs, InitWritesTheCallersSizeOnly) {
  Newer<chatterbox_request> newer;
  std::memset(&newer, 0x5A, sizeof newer);
  ASSERT_EQ(chatterbox_request_init(&newer.known, sizeof newer - 8), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(newer.known.struct_size, sizeof newer - 8);
  EXPECT_EQ(newer.known.cfm_steps, CHATTERBOX_UNSET);
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
  chatterbox_conversion conversion{};
  chatterbox_chunk chunk{};
  chatterbox_engine_info info{};
  const auto engine = make_engine();
  for (const size_t size : {size_t{0}, size_t{4}, size_t{7}, size_t{97}, size_t{4104}, SIZE_MAX}) {
    EXPECT_EQ(chatterbox_request_init(&request, size), CHATTERBOX_STATUS_INVALID_ARGUMENT) << size;
    EXPECT_THAT(chatterbox_last_error(), HasSubstr(number(size)));
    EXPECT_EQ(chatterbox_engine_options_init(&options, size), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(chatterbox_voice_options_init(&voice_options, size),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(chatterbox_conversion_init(&conversion, size), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(chatterbox_chunk_init(&chunk, size), CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(chatterbox_engine_get_info(engine.get(), &info, size),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
  }
  // A struct that nobody initialised has a size of 0, or of anything.
  for (const uint32_t size : {0U, 3U, 99U, UINT32_MAX}) {
    request = request_for("a");
    request.struct_size = size;
    EXPECT_EQ(refusal(engine, request), "chatterbox_request cannot have a size of " + number(size) +
                                            " bytes (this library's has " + number(sizeof request) +
                                            ")");
  }
}

// A chunk is read and written: its own size says how much of it there is.
TEST_F(Structs, ChunksForOlderAndNewerPrograms) {
  const auto engine = make_engine();
  chatterbox_request request = request_for("Hello.");
  request.stream = CHATTERBOX_STREAM_PIECES;
  const auto job = submit(engine, request);
  Newer<chatterbox_chunk> newer;
  std::memset(&newer, 0x5A, sizeof newer);
  newer.known.struct_size = sizeof newer;
  ASSERT_EQ(chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &newer.known), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(newer.known.count, 80U);
  EXPECT_EQ(newer.appended, (std::array<unsigned char, 16>{}));
  const auto other = submit(engine, request);
  chatterbox_chunk older;
  std::memset(&older, 0x5A, sizeof older);
  older.struct_size = offsetof(chatterbox_chunk, count);
  ASSERT_EQ(chatterbox_job_next(other.get(), CHATTERBOX_FOREVER, &older), CHATTERBOX_STATUS_OK);
  EXPECT_NE(older.samples, nullptr);
  EXPECT_EQ(older.count, 0x5A5A5A5A5A5A5A5AU);
}

// The same chunk again and again: the size stays what the caller said.
TEST_F(Structs, AChunkIsReusedAsItIs) {
  const auto engine = make_engine();
  chatterbox_request request = request_for("Hello.");
  request.stream = CHATTERBOX_STREAM_PIECES;
  Newer<chatterbox_chunk> newer{};
  ASSERT_EQ(chatterbox_chunk_init(&newer.known, sizeof newer), CHATTERBOX_STATUS_OK);
  const auto job = submit(engine, request);
  EXPECT_EQ(chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &newer.known), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(newer.known.struct_size, sizeof newer);
  EXPECT_EQ(chatterbox_job_next(job.get(), CHATTERBOX_FOREVER, &newer.known),
            CHATTERBOX_STATUS_END_OF_STREAM);
  EXPECT_EQ(newer.known.struct_size, sizeof newer);
}

TEST_F(Structs, InfoForOlderAndNewerPrograms) {
  const auto engine = make_engine();
  Newer<chatterbox_engine_info> info;
  std::memset(&info, 0x5A, sizeof info);
  ASSERT_EQ(chatterbox_engine_get_info(engine.get(), &info.known, sizeof info),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(info.known.struct_size, sizeof info.known);  // what this library filled in
  EXPECT_EQ(info.known.sample_rate, 24000);
  EXPECT_EQ(info.appended, (std::array<unsigned char, 16>{}));
  std::memset(&info, 0x5A, sizeof info);
  ASSERT_EQ(chatterbox_engine_get_info(engine.get(), &info.known, 8), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(info.known.struct_size, 8U);
  EXPECT_EQ(info.known.sample_rate, 24000);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&info);
  for (size_t i = 8; i < sizeof info; ++i) EXPECT_EQ(bytes[i], 0x5A) << i;
}

}  // namespace
}  // namespace chatterbox::capi_test
