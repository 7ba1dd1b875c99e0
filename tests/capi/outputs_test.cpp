// After a failure outputs are NULL or 0, and a handle that is NULL is nothing, not an accident.
#include <cstdint>
#include <cstring>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

constexpr int32_t kRate = 24000;

class Outputs : public CApiTest {
 protected:
  Owned<chatterbox_engine> engine = make_engine();
  chatterbox_engine* const e = engine.get();
  chatterbox_request bad = [] {
    chatterbox_request request = request_for("Hello.");
    request.temperature = -2;
    return request;
  }();
  const float sample = 0.25F;
};

// A handle that was never made: a failing call must replace it.
template <class Handle, class Call>
void expect_null(const Call& call) {
  auto* handle = reinterpret_cast<Handle*>(uintptr_t{0x10});
  EXPECT_LT(call(&handle), 0);
  EXPECT_EQ(handle, nullptr);
}

TEST_F(Outputs, HandlesOfAnEngineAreNull) {
  expect_null<chatterbox_engine>([&](chatterbox_engine** out) {
    chatterbox_engine_options options = default_options();
    options.threads = -2;
    return chatterbox_engine_create(&options, out);
  });
  expect_null<chatterbox_job>(
      [&](chatterbox_job** out) { return chatterbox_engine_submit(e, &bad, out); });
  expect_null<chatterbox_job>(
      [&](chatterbox_job** out) { return chatterbox_engine_submit_long(e, &bad, nullptr, out); });
  expect_null<chatterbox_job>(
      [&](chatterbox_job** out) { return chatterbox_engine_submit_conversion(e, nullptr, out); });
  expect_null<chatterbox_result>(
      [&](chatterbox_result** out) { return chatterbox_engine_generate(e, &bad, out); });
  expect_null<chatterbox_result>([&](chatterbox_result** out) {
    return chatterbox_engine_generate_long(e, &bad, nullptr, out);
  });
  expect_null<chatterbox_result>(
      [&](chatterbox_result** out) { return chatterbox_engine_convert_voice(e, nullptr, out); });
  expect_null<chatterbox_batch>(
      [&](chatterbox_batch** out) { return chatterbox_engine_generate_batch(e, nullptr, 1, out); });
  expect_null<chatterbox_voice>(
      [&](chatterbox_voice** out) { return chatterbox_engine_get_voice(e, "third", out); });
  expect_null<chatterbox_voice>([&](chatterbox_voice** out) {
    return chatterbox_engine_make_voice(e, &sample, 1, 1, kRate, nullptr, out);
  });
}

TEST_F(Outputs, HandlesOfOthersAreNull) {
  expect_null<chatterbox_result>(
      [](chatterbox_result** out) { return chatterbox_job_wait(nullptr, 0, out); });
  expect_null<chatterbox_result>(
      [](chatterbox_result** out) { return chatterbox_batch_get_result(nullptr, 0, out); });
  expect_null<chatterbox_voice>(
      [](chatterbox_voice** out) { return chatterbox_engine_get_default_voice(nullptr, out); });
  expect_null<chatterbox_voice>(
      [](chatterbox_voice** out) { return chatterbox_voice_load("/nowhere/a.voice", out); });
  expect_null<chatterbox_voice>(
      [](chatterbox_voice** out) { return chatterbox_voice_load_from_memory("?", 1, out); });
  expect_null<chatterbox_buffer>(
      [](chatterbox_buffer** out) { return chatterbox_voice_save_to_memory(nullptr, out); });
  expect_null<chatterbox_audio>(
      [](chatterbox_audio** out) { return chatterbox_audio_read("/nowhere/a.wav", out); });
  expect_null<chatterbox_audio>(
      [](chatterbox_audio** out) { return chatterbox_audio_decode("?", 1, out); });
  expect_null<chatterbox_buffer>([&](chatterbox_buffer** out) {
    return chatterbox_audio_encode(CHATTERBOX_FORMAT_AUTO, &sample, 1, 1, kRate, out);
  });
  expect_null<chatterbox_audio_writer>([](chatterbox_audio_writer** out) {
    return chatterbox_audio_writer_create("a.wav", CHATTERBOX_FORMAT_WAV, 0, kRate, out);
  });
  expect_null<chatterbox_audio_writer>([](chatterbox_audio_writer** out) {
    return chatterbox_audio_writer_create_for_callback(nullptr, nullptr, CHATTERBOX_FORMAT_WAV, 1,
                                                       kRate, out);
  });
  expect_null<chatterbox_watermark_detector>([](chatterbox_watermark_detector** out) {
    auto options =
        filled<chatterbox_watermark_detector_options>(chatterbox_watermark_detector_options_init);
    options.threads = 0;
    return chatterbox_watermark_detector_create(&options, out);
  });
}

template <class Struct, class Call>
void expect_zero_but_for_its_size(const Call& call) {
  Struct out;
  std::memset(&out, 0x5A, sizeof out);
  EXPECT_LT(call(&out, sizeof out), 0);
  EXPECT_EQ(out.struct_size, sizeof out);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&out);
  for (size_t i = sizeof out.struct_size; i < sizeof out; ++i) EXPECT_EQ(bytes[i], 0) << i;
}

TEST_F(Outputs, StructsAreZero) {
  expect_zero_but_for_its_size<chatterbox_engine_info>(
      [](auto* out, size_t size) { return chatterbox_engine_get_info(nullptr, out, size); });
  expect_zero_but_for_its_size<chatterbox_limits>(
      [](auto* out, size_t size) { return chatterbox_engine_get_limits(nullptr, out, size); });
  expect_zero_but_for_its_size<chatterbox_metrics>(
      [](auto* out, size_t size) { return chatterbox_engine_get_metrics(nullptr, out, size); });
  expect_zero_but_for_its_size<chatterbox_voice_info>(
      [](auto* out, size_t size) { return chatterbox_voice_get_info(nullptr, out, size); });
  expect_zero_but_for_its_size<chatterbox_result_stats>(
      [](auto* out, size_t size) { return chatterbox_result_get_stats(nullptr, out, size); });
  expect_zero_but_for_its_size<chatterbox_quality>(
      [](auto* out, size_t size) { return chatterbox_result_get_quality(nullptr, out, size); });
  expect_zero_but_for_its_size<chatterbox_intervention>([](auto* out, size_t size) {
    return chatterbox_result_get_intervention(nullptr, 0, out, size);
  });
  const auto result = generate(engine, request_for("No pieces."));
  expect_zero_but_for_its_size<chatterbox_piece>([&](auto* out, size_t size) {
    return chatterbox_result_get_piece(result.get(), 0, out, size);
  });
}

TEST_F(Outputs, NumbersAreZero) {
  int64_t tokens = 7;
  EXPECT_LT(chatterbox_engine_count_tokens(e, "", nullptr, 0, &tokens), 0);
  EXPECT_EQ(tokens, 0);
  uint64_t index = 7;
  EXPECT_LT(chatterbox_jobs_wait_any(nullptr, 0, 0, &index), 0);
  EXPECT_EQ(index, 0U);
  chatterbox_status status = 7;
  const char* message = nullptr;
  EXPECT_LT(chatterbox_job_get_error(nullptr, &status, &message), 0);
  EXPECT_EQ(status, CHATTERBOX_STATUS_OK);
  EXPECT_STREQ(message, "");
  float confidence = 7;
  EXPECT_LT(chatterbox_watermark_detector_detect(nullptr, &sample, 1, 1, kRate, &confidence), 0);
  EXPECT_EQ(confidence, 0);
  auto chunk = filled<chatterbox_chunk>(chatterbox_chunk_init);
  chunk.samples = &sample;
  chunk.count = 1;
  EXPECT_LT(chatterbox_job_next(nullptr, 0, &chunk), 0);
  EXPECT_EQ(chunk.samples, nullptr);
  EXPECT_EQ(chunk.count, 0U);
}

TEST_F(Outputs, NullHandlesAreEndedWithoutAnEffect) {
  chatterbox_engine_destroy(nullptr);
  chatterbox_engine_cancel_all(nullptr);
  chatterbox_voice_destroy(nullptr);
  chatterbox_job_destroy(nullptr);
  chatterbox_job_cancel(nullptr);
  chatterbox_result_destroy(nullptr);
  chatterbox_batch_destroy(nullptr);
  chatterbox_audio_destroy(nullptr);
  chatterbox_audio_writer_destroy(nullptr);
  chatterbox_buffer_destroy(nullptr);
  chatterbox_watermark_detector_destroy(nullptr);
}

TEST_F(Outputs, NullHandlesHaveNothing) {
  EXPECT_EQ(chatterbox_engine_language(nullptr, 0), nullptr);
  EXPECT_EQ(chatterbox_engine_voice_name(nullptr, 0), nullptr);
  EXPECT_EQ(chatterbox_voice_id(nullptr), nullptr);
  EXPECT_EQ(chatterbox_batch_size(nullptr), 0U);
  EXPECT_EQ(chatterbox_job_is_done(nullptr), 0);
  EXPECT_EQ(chatterbox_job_tag(nullptr), 0U);
  EXPECT_EQ(chatterbox_result_samples(nullptr), nullptr);
  EXPECT_EQ(chatterbox_result_sample_count(nullptr), 0U);
  EXPECT_EQ(chatterbox_result_sample_rate(nullptr), 0);
  EXPECT_EQ(chatterbox_result_piece_count(nullptr), 0U);
  EXPECT_EQ(chatterbox_audio_samples(nullptr), nullptr);
  EXPECT_EQ(chatterbox_audio_frame_count(nullptr), 0U);
  EXPECT_EQ(chatterbox_audio_channels(nullptr), 0);
  EXPECT_EQ(chatterbox_audio_sample_rate(nullptr), 0);
  EXPECT_EQ(chatterbox_buffer_data(nullptr), nullptr);
  EXPECT_EQ(chatterbox_buffer_size(nullptr), 0U);
}

}  // namespace
}  // namespace chatterbox::capi_test
