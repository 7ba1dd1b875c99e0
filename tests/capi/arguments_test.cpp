// NULL wherever a pointer is asked for: its own status, a message that names it, and outputs that
// are NULL or 0.
#include <cstdint>
#include <cstring>
#include <functional>

#include "capi/handles.h"

namespace chatterbox::capi_test {
namespace {

constexpr int32_t kRate = 24000;

class Arguments : public CApiTest {
 protected:
  Owned<chatterbox_engine> engine = make_engine();
  chatterbox_request request = request_for("Hello.");
  Owned<chatterbox_job> job = submit(engine, request);
  std::vector<float> samples = std::vector<float>(kRate, 0.25F);
  chatterbox_voice* voice = nullptr;
  chatterbox_job* other_job = nullptr;
  chatterbox_result* result = nullptr;
  chatterbox_audio* audio = nullptr;
  chatterbox_engine* other_engine = nullptr;
  chatterbox_batch* batch = nullptr;
  chatterbox_capacity capacity;
  chatterbox_engine_info engine_info;
  chatterbox_voice_info voice_info;
  chatterbox_result_stats stats;
  chatterbox_quality quality;
  chatterbox_intervention intervention;
  int32_t done = 7;
};

void expect_null_refused(const char* name, const std::function<chatterbox_status()>& call) {
  SCOPED_TRACE(name);
  EXPECT_EQ(call(), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(chatterbox_last_error(), std::string(name) + " must not be NULL");
}

TEST_F(Arguments, NullIsNamed) {
  chatterbox_engine* const e = engine.get();
  expect_null_refused("options", [] { return chatterbox_engine_options_init(nullptr, 56); });
  expect_null_refused("request", [] { return chatterbox_request_init(nullptr, 96); });
  expect_null_refused("options", [] { return chatterbox_voice_options_init(nullptr, 24); });
  expect_null_refused("engine", [] { return chatterbox_engine_create(nullptr, nullptr); });
  expect_null_refused("engine", [&] {
    return chatterbox_engine_get_info(nullptr, &engine_info, sizeof engine_info);
  });
  expect_null_refused("info", [&] { return chatterbox_engine_get_info(e, nullptr, 88); });
  expect_null_refused("engine", [&] { return chatterbox_engine_default_voice(nullptr, &voice); });
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_named_voice(nullptr, "second", &voice); });
  expect_null_refused("name", [&] { return chatterbox_engine_named_voice(e, nullptr, &voice); });
  expect_null_refused("voice", [&] { return chatterbox_engine_named_voice(e, "second", nullptr); });
  expect_null_refused("voice", [&] { return chatterbox_engine_default_voice(e, nullptr); });
  expect_null_refused("path", [&] { return chatterbox_voice_load(nullptr, &voice); });
  expect_null_refused("voice", [&] { return chatterbox_voice_load("a", nullptr); });
  expect_null_refused("voice", [&] { return chatterbox_voice_save(nullptr, "a"); });
  expect_null_refused(
      "voice", [&] { return chatterbox_voice_get_info(nullptr, &voice_info, sizeof voice_info); });
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_generate(nullptr, &request, &result); });
  expect_null_refused("request", [&] { return chatterbox_engine_generate(e, nullptr, &result); });
  expect_null_refused("result", [&] { return chatterbox_engine_generate(e, &request, nullptr); });
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_submit(nullptr, &request, &other_job); });
  expect_null_refused("request", [&] { return chatterbox_engine_submit(e, nullptr, &other_job); });
  expect_null_refused("job", [&] { return chatterbox_engine_submit(e, &request, nullptr); });
  const chatterbox_request* const requests[] = {&request};
  expect_null_refused("engine",
                      [&] { return chatterbox_generate_batch(nullptr, requests, 1, &batch); });
  expect_null_refused("requests", [&] { return chatterbox_generate_batch(e, nullptr, 1, &batch); });
  expect_null_refused("batch", [&] { return chatterbox_generate_batch(e, requests, 1, nullptr); });
  expect_null_refused("batch", [&] { return chatterbox_batch_get(nullptr, 0, &result); });
  expect_null_refused("engine", [&] {
    return chatterbox_engine_get_capacity(nullptr, &capacity, sizeof capacity);
  });
  expect_null_refused("capacity", [&] { return chatterbox_engine_get_capacity(e, nullptr, 80); });
  expect_null_refused("job", [&] { return chatterbox_job_wait(nullptr, &result); });
  expect_null_refused("result", [&] { return chatterbox_job_wait(job.get(), nullptr); });
  expect_null_refused("job", [&] { return chatterbox_job_wait_for(nullptr, 0, &done); });
  expect_null_refused("done", [&] { return chatterbox_job_wait_for(job.get(), 0, nullptr); });
  expect_null_refused("result",
                      [&] { return chatterbox_result_get_stats(nullptr, &stats, sizeof stats); });
  expect_null_refused(
      "result", [&] { return chatterbox_result_get_quality(nullptr, &quality, sizeof quality); });
  expect_null_refused("quality",
                      [&] { return chatterbox_result_get_quality(nullptr, nullptr, 40); });
  expect_null_refused("result", [&] {
    return chatterbox_result_get_intervention(nullptr, 0, &intervention, sizeof intervention);
  });
  expect_null_refused("intervention",
                      [&] { return chatterbox_result_get_intervention(nullptr, 0, nullptr, 24); });
  expect_null_refused("path", [&] { return chatterbox_audio_read(nullptr, &audio); });
  expect_null_refused("audio", [&] { return chatterbox_audio_read("a", nullptr); });
  expect_null_refused("path",
                      [&] { return chatterbox_audio_write(nullptr, samples.data(), 1, 1, kRate); });
  expect_null_refused("samples", [&] { return chatterbox_audio_write("a", nullptr, 1, 1, kRate); });
}

TEST_F(Arguments, NullWhereAVoiceIsMade) {
  chatterbox_engine* const e = engine.get();
  const auto make = [&](chatterbox_engine* maker, const float* data, chatterbox_voice** out) {
    return chatterbox_engine_make_voice(maker, data, samples.size(), 1, kRate, nullptr, out);
  };
  expect_null_refused("engine", [&] { return make(nullptr, samples.data(), &voice); });
  expect_null_refused("samples", [&] { return make(e, nullptr, &voice); });
  expect_null_refused("voice", [&] { return make(e, samples.data(), nullptr); });
}

TEST_F(Arguments, NullMembersAreNamed) {
  request.text = nullptr;
  expect_null_refused("text",
                      [&] { return chatterbox_engine_submit(engine.get(), &request, &other_job); });
  chatterbox_engine_options options = default_options();
  options.model = nullptr;
  expect_null_refused("model", [&] { return chatterbox_engine_create(&options, &other_engine); });
  options = default_options();
  options.device = nullptr;
  expect_null_refused("device", [&] { return chatterbox_engine_create(&options, &other_engine); });
}

// A handle that was never made: a failing call must replace it.
template <class Handle>
Handle* garbage() {
  return reinterpret_cast<Handle*>(uintptr_t{0x10});
}

TEST_F(Arguments, HandlesAreNullAfterAFailure) {
  chatterbox_engine* const e = engine.get();
  request.temperature = -1;
  chatterbox_engine_options options = default_options();
  options.threads = -1;
  other_engine = garbage<chatterbox_engine>();
  EXPECT_LT(chatterbox_engine_create(&options, &other_engine), 0);
  EXPECT_EQ(other_engine, nullptr);
  other_job = garbage<chatterbox_job>();
  EXPECT_LT(chatterbox_engine_submit(e, &request, &other_job), 0);
  EXPECT_EQ(other_job, nullptr);
  result = garbage<chatterbox_result>();
  EXPECT_LT(chatterbox_engine_generate(e, &request, &result), 0);
  EXPECT_EQ(result, nullptr);
  result = garbage<chatterbox_result>();
  EXPECT_LT(chatterbox_job_wait(nullptr, &result), 0);
  EXPECT_EQ(result, nullptr);
  batch = garbage<chatterbox_batch>();
  EXPECT_LT(chatterbox_generate_batch(e, nullptr, 1, &batch), 0);
  EXPECT_EQ(batch, nullptr);
  result = garbage<chatterbox_result>();
  EXPECT_LT(chatterbox_batch_get(nullptr, 0, &result), 0);
  EXPECT_EQ(result, nullptr);
  voice = garbage<chatterbox_voice>();
  EXPECT_LT(chatterbox_voice_load("/nowhere/a.voice", &voice), 0);
  EXPECT_EQ(voice, nullptr);
  voice = garbage<chatterbox_voice>();
  EXPECT_LT(chatterbox_engine_default_voice(nullptr, &voice), 0);
  EXPECT_EQ(voice, nullptr);
  voice = garbage<chatterbox_voice>();
  EXPECT_LT(chatterbox_engine_make_voice(e, samples.data(), 1, 1, kRate, nullptr, &voice), 0);
  EXPECT_EQ(voice, nullptr);
  audio = garbage<chatterbox_audio>();
  EXPECT_LT(chatterbox_audio_read("/nowhere/a.wav", &audio), 0);
  EXPECT_EQ(audio, nullptr);
}

TEST_F(Arguments, NumbersAreZeroAfterAFailure) {
  EXPECT_LT(chatterbox_job_wait_for(nullptr, 0, &done), 0);
  EXPECT_EQ(done, 0);
  const auto zero_but_for_its_size = [](auto& info, const auto& call) {
    std::memset(&info, 0x5A, sizeof info);
    EXPECT_LT(call(), 0);
    EXPECT_EQ(info.struct_size, sizeof info);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&info);
    for (size_t i = sizeof info.struct_size; i < sizeof info; ++i) EXPECT_EQ(bytes[i], 0) << i;
  };
  zero_but_for_its_size(engine_info, [&] {
    return chatterbox_engine_get_info(nullptr, &engine_info, sizeof engine_info);
  });
  zero_but_for_its_size(capacity, [&] {
    return chatterbox_engine_get_capacity(nullptr, &capacity, sizeof capacity);
  });
  zero_but_for_its_size(voice_info, [&] {
    return chatterbox_voice_get_info(nullptr, &voice_info, sizeof voice_info);
  });
  zero_but_for_its_size(stats,
                        [&] { return chatterbox_result_get_stats(nullptr, &stats, sizeof stats); });
  zero_but_for_its_size(
      quality, [&] { return chatterbox_result_get_quality(nullptr, &quality, sizeof quality); });
  zero_but_for_its_size(intervention, [&] {
    return chatterbox_result_get_intervention(nullptr, 0, &intervention, sizeof intervention);
  });
}

TEST_F(Arguments, NullHandlesAreNothing) {
  chatterbox_engine_destroy(nullptr);
  chatterbox_voice_destroy(nullptr);
  chatterbox_job_destroy(nullptr);
  chatterbox_result_destroy(nullptr);
  chatterbox_batch_destroy(nullptr);
  chatterbox_audio_destroy(nullptr);
  EXPECT_EQ(chatterbox_batch_size(nullptr), 0U);
  chatterbox_job_cancel(nullptr);
  EXPECT_EQ(chatterbox_job_done(nullptr), 0);
  EXPECT_EQ(chatterbox_result_samples(nullptr), nullptr);
  EXPECT_EQ(chatterbox_result_sample_count(nullptr), 0U);
  EXPECT_EQ(chatterbox_result_sample_rate(nullptr), 0);
  EXPECT_EQ(chatterbox_audio_samples(nullptr), nullptr);
  EXPECT_EQ(chatterbox_audio_frame_count(nullptr), 0U);
  EXPECT_EQ(chatterbox_audio_channels(nullptr), 0);
  EXPECT_EQ(chatterbox_audio_sample_rate(nullptr), 0);
}

}  // namespace
}  // namespace chatterbox::capi_test
