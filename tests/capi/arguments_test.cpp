// NULL wherever a pointer is asked for: its own status, and a message that names it.
#include <functional>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

constexpr int32_t kRate = 24000;

class Arguments : public CApiTest {
 protected:
  Owned<chatterbox_engine> engine = make_engine();
  chatterbox_engine* const e = engine.get();
  chatterbox_request request = request_for("Hello.");
  Owned<chatterbox_job> job = submit(engine, request);
  Owned<chatterbox_result> result = wait_for(job);
  std::vector<float> samples = std::vector<float>(kRate, 0.25F);
  chatterbox_voice* voice = nullptr;
  chatterbox_job* other_job = nullptr;
  chatterbox_result* other = nullptr;
  chatterbox_audio* audio = nullptr;
  chatterbox_buffer* buffer = nullptr;
  chatterbox_audio_writer* writer = nullptr;
  chatterbox_engine* other_engine = nullptr;
  chatterbox_batch* batch = nullptr;
};

void expect_null_refused(const char* name, const std::function<chatterbox_status()>& call) {
  SCOPED_TRACE(name);
  EXPECT_EQ(call(), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(chatterbox_last_error(), std::string(name) + " must not be NULL");
}

template <class Struct>
using Init = chatterbox_status (*)(Struct*, size_t);

template <class Struct>
void expect_init_refuses_null(const char* name, Init<Struct> init) {
  expect_null_refused(name, [&] { return init(nullptr, sizeof(Struct)); });
}

TEST_F(Arguments, InitOfNothing) {
  expect_init_refuses_null("options", chatterbox_engine_options_init);
  expect_init_refuses_null("request", chatterbox_request_init);
  expect_init_refuses_null("options", chatterbox_voice_options_init);
  expect_init_refuses_null("conversion", chatterbox_conversion_init);
  expect_init_refuses_null("options", chatterbox_long_text_options_init);
  expect_init_refuses_null("options", chatterbox_watermark_detector_options_init);
  expect_init_refuses_null("chunk", chatterbox_chunk_init);
}

// A function that describes a handle: `handle` is a good one, `name` that of the argument.
template <class Struct, class Handle>
void expect_description_refuses_null(const char* what, const char* of, const Handle* handle,
                                     chatterbox_status (*tell)(const Handle*, Struct*, size_t)) {
  Struct out;
  expect_null_refused(of, [&] { return tell(nullptr, &out, sizeof out); });
  expect_null_refused(what, [&] { return tell(handle, nullptr, sizeof out); });
}

TEST_F(Arguments, NullWhereSomethingIsDescribed) {
  const auto made_voice = make_voice(engine, samples);
  expect_description_refuses_null("info", "engine", e, chatterbox_engine_get_info);
  expect_description_refuses_null("limits", "engine", e, chatterbox_engine_get_limits);
  expect_description_refuses_null("metrics", "engine", e, chatterbox_engine_get_metrics);
  expect_description_refuses_null("info", "voice", made_voice.get(), chatterbox_voice_get_info);
  expect_description_refuses_null("stats", "result", result.get(), chatterbox_result_get_stats);
  expect_description_refuses_null("quality", "result", result.get(), chatterbox_result_get_quality);
  chatterbox_intervention intervention;
  expect_null_refused("result", [&] {
    return chatterbox_result_get_intervention(nullptr, 0, &intervention, sizeof intervention);
  });
  expect_null_refused("intervention", [&] {
    return chatterbox_result_get_intervention(result.get(), 0, nullptr, sizeof intervention);
  });
  chatterbox_piece piece;
  expect_null_refused(
      "result", [&] { return chatterbox_result_get_piece(nullptr, 0, &piece, sizeof piece); });
  expect_null_refused(
      "piece", [&] { return chatterbox_result_get_piece(result.get(), 0, nullptr, sizeof piece); });
}

TEST_F(Arguments, NullWhereAStreamIsDescribed) {
  expect_description_refuses_null("stats", "result", result.get(),
                                  chatterbox_result_get_stream_stats);
  chatterbox_chunk_stats chunk;
  expect_null_refused(
      "result", [&] { return chatterbox_result_get_chunk(nullptr, 0, &chunk, sizeof chunk); });
  expect_null_refused(
      "chunk", [&] { return chatterbox_result_get_chunk(result.get(), 0, nullptr, sizeof chunk); });
  expect_null_refused("options", [] { return chatterbox_stream_options_init(nullptr, 40); });
  chatterbox_word word;
  expect_null_refused("result",
                      [&] { return chatterbox_result_get_word(nullptr, 0, &word, sizeof word); });
  expect_null_refused(
      "word", [&] { return chatterbox_result_get_word(result.get(), 0, nullptr, sizeof word); });
}

TEST_F(Arguments, NullWhereAJobIsFed) {
  const chatterbox_request beginning = request_for("a");
  chatterbox_job* fed = nullptr;
  expect_null_refused(
      "engine", [&] { return chatterbox_engine_open_text(nullptr, &beginning, nullptr, &fed); });
  expect_null_refused("request",
                      [&] { return chatterbox_engine_open_text(e, nullptr, nullptr, &fed); });
  expect_null_refused("job", [] { return chatterbox_job_feed(nullptr, "a"); });
  expect_null_refused("job", [] { return chatterbox_job_flush(nullptr); });
  expect_null_refused("job", [] { return chatterbox_job_end(nullptr); });
  ASSERT_EQ(chatterbox_engine_open_text(e, &beginning, nullptr, &fed), CHATTERBOX_STATUS_OK);
  expect_null_refused("text", [&] { return chatterbox_job_feed(fed, nullptr); });
  chatterbox_job_destroy(fed);
}

TEST_F(Arguments, NullWhereAnEngineIsAsked) {
  int64_t tokens = 0;
  expect_null_refused("engine", [&] { return chatterbox_engine_create(nullptr, nullptr); });
  expect_null_refused("engine", [] { return chatterbox_engine_drain(nullptr, 0); });
  expect_null_refused(
      "engine", [&] { return chatterbox_engine_count_tokens(nullptr, "a", nullptr, 0, &tokens); });
  expect_null_refused(
      "text", [&] { return chatterbox_engine_count_tokens(e, nullptr, nullptr, 0, &tokens); });
  expect_null_refused("tokens",
                      [&] { return chatterbox_engine_count_tokens(e, "a", nullptr, 0, nullptr); });
  chatterbox_engine_options options = default_options();
  options.model = nullptr;
  expect_null_refused("model", [&] { return chatterbox_engine_create(&options, &other_engine); });
  options = default_options();
  options.device = nullptr;
  expect_null_refused("device", [&] { return chatterbox_engine_create(&options, &other_engine); });
}

TEST_F(Arguments, NullWhereSpeechIsAsked) {
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_generate(nullptr, &request, &other); });
  expect_null_refused("request", [&] { return chatterbox_engine_generate(e, nullptr, &other); });
  expect_null_refused("result", [&] { return chatterbox_engine_generate(e, &request, nullptr); });
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_submit(nullptr, &request, &other_job); });
  expect_null_refused("request", [&] { return chatterbox_engine_submit(e, nullptr, &other_job); });
  expect_null_refused("job", [&] { return chatterbox_engine_submit(e, &request, nullptr); });
  request.text = nullptr;
  expect_null_refused("text", [&] { return chatterbox_engine_submit(e, &request, &other_job); });
}

TEST_F(Arguments, NullWhereALongTextIsAsked) {
  expect_null_refused("engine", [&] {
    return chatterbox_engine_submit_long(nullptr, &request, nullptr, &other_job);
  });
  expect_null_refused(
      "request", [&] { return chatterbox_engine_submit_long(e, nullptr, nullptr, &other_job); });
  expect_null_refused("job",
                      [&] { return chatterbox_engine_submit_long(e, &request, nullptr, nullptr); });
  expect_null_refused("engine", [&] {
    return chatterbox_engine_generate_long(nullptr, &request, nullptr, &other);
  });
  expect_null_refused("request",
                      [&] { return chatterbox_engine_generate_long(e, nullptr, nullptr, &other); });
  expect_null_refused(
      "result", [&] { return chatterbox_engine_generate_long(e, &request, nullptr, nullptr); });
}

TEST_F(Arguments, NullWhereAConversionIsAsked) {
  auto conversion = filled<chatterbox_conversion>(chatterbox_conversion_init);
  conversion.frames = samples.size();
  conversion.sample_rate = kRate;
  expect_null_refused("samples",
                      [&] { return chatterbox_engine_convert_voice(e, &conversion, &other); });
  conversion.samples = samples.data();
  expect_null_refused(
      "engine", [&] { return chatterbox_engine_convert_voice(nullptr, &conversion, &other); });
  expect_null_refused("conversion",
                      [&] { return chatterbox_engine_convert_voice(e, nullptr, &other); });
  expect_null_refused("result",
                      [&] { return chatterbox_engine_convert_voice(e, &conversion, nullptr); });
  expect_null_refused("engine", [&] {
    return chatterbox_engine_submit_conversion(nullptr, &conversion, &other_job);
  });
  expect_null_refused("conversion",
                      [&] { return chatterbox_engine_submit_conversion(e, nullptr, &other_job); });
  expect_null_refused("job",
                      [&] { return chatterbox_engine_submit_conversion(e, &conversion, nullptr); });
}

TEST_F(Arguments, NullWhereABatchIsAsked) {
  const chatterbox_request* const requests[] = {&request};
  expect_null_refused(
      "engine", [&] { return chatterbox_engine_generate_batch(nullptr, requests, 1, &batch); });
  expect_null_refused("requests",
                      [&] { return chatterbox_engine_generate_batch(e, nullptr, 1, &batch); });
  expect_null_refused("batch",
                      [&] { return chatterbox_engine_generate_batch(e, requests, 1, nullptr); });
  expect_null_refused("batch", [&] { return chatterbox_batch_get_result(nullptr, 0, &other); });
  const auto good = made<chatterbox_batch>([&](chatterbox_batch** out) {
    return chatterbox_engine_generate_batch(e, requests, 1, out);
  });
  expect_null_refused("result",
                      [&] { return chatterbox_batch_get_result(good.get(), 0, nullptr); });
}

TEST_F(Arguments, NullWhereAJobIsAsked) {
  chatterbox_status status;
  const char* message;
  uint64_t index;
  chatterbox_chunk chunk;
  ASSERT_EQ(chatterbox_chunk_init(&chunk, sizeof chunk), CHATTERBOX_STATUS_OK);
  expect_null_refused("job", [&] { return chatterbox_job_wait(nullptr, 0, &other); });
  expect_null_refused("result", [&] { return chatterbox_job_wait(job.get(), 0, nullptr); });
  expect_null_refused("job", [&] { return chatterbox_job_get_error(nullptr, &status, &message); });
  expect_null_refused("status",
                      [&] { return chatterbox_job_get_error(job.get(), nullptr, &message); });
  expect_null_refused("message",
                      [&] { return chatterbox_job_get_error(job.get(), &status, nullptr); });
  expect_null_refused("job", [&] { return chatterbox_job_next(nullptr, 0, &chunk); });
  expect_null_refused("chunk", [&] { return chatterbox_job_next(job.get(), 0, nullptr); });
  chatterbox_word word;
  chatterbox_heard heard;
  expect_null_refused("job",
                      [&] { return chatterbox_job_get_word(nullptr, 0, &word, sizeof word); });
  expect_null_refused("word",
                      [&] { return chatterbox_job_get_word(job.get(), 0, nullptr, sizeof word); });
  expect_null_refused("job",
                      [&] { return chatterbox_job_get_heard(nullptr, 0, &heard, sizeof heard); });
  expect_null_refused(
      "heard", [&] { return chatterbox_job_get_heard(job.get(), 0, nullptr, sizeof heard); });
  const chatterbox_job* const jobs[] = {job.get(), nullptr};
  expect_null_refused("a job", [&] { return chatterbox_jobs_wait_any(jobs, 2, 0, &index); });
  expect_null_refused("jobs", [&] { return chatterbox_jobs_wait_any(nullptr, 1, 0, &index); });
  expect_null_refused("index", [&] { return chatterbox_jobs_wait_any(jobs, 1, 0, nullptr); });
}

TEST_F(Arguments, NullWhereAVoiceIsAsked) {
  const auto make = [&](chatterbox_engine* maker, const float* data, chatterbox_voice** out) {
    return chatterbox_engine_make_voice(maker, data, samples.size(), 1, kRate, nullptr, out);
  };
  expect_null_refused("engine", [&] { return make(nullptr, samples.data(), &voice); });
  expect_null_refused("samples", [&] { return make(e, nullptr, &voice); });
  expect_null_refused("voice", [&] { return make(e, samples.data(), nullptr); });
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_get_default_voice(nullptr, &voice); });
  expect_null_refused("voice", [&] { return chatterbox_engine_get_default_voice(e, nullptr); });
  expect_null_refused("engine",
                      [&] { return chatterbox_engine_get_voice(nullptr, "second", &voice); });
  expect_null_refused("name", [&] { return chatterbox_engine_get_voice(e, nullptr, &voice); });
  expect_null_refused("voice", [&] { return chatterbox_engine_get_voice(e, "second", nullptr); });
  expect_null_refused("path", [&] { return chatterbox_voice_load(nullptr, &voice); });
  expect_null_refused("voice", [&] { return chatterbox_voice_load("a", nullptr); });
  expect_null_refused("data",
                      [&] { return chatterbox_voice_load_from_memory(nullptr, 1, &voice); });
  expect_null_refused("voice", [&] { return chatterbox_voice_load_from_memory("a", 1, nullptr); });
  const auto good = make_voice(engine, samples);
  expect_null_refused("voice", [&] { return chatterbox_voice_save(nullptr, "a"); });
  expect_null_refused("path", [&] { return chatterbox_voice_save(good.get(), nullptr); });
  expect_null_refused("voice", [&] { return chatterbox_voice_save_to_memory(nullptr, &buffer); });
  expect_null_refused("buffer",
                      [&] { return chatterbox_voice_save_to_memory(good.get(), nullptr); });
}

TEST_F(Arguments, NullWhereAudioIsReadOrWritten) {
  const float* const s = samples.data();
  expect_null_refused("path", [&] { return chatterbox_audio_read(nullptr, &audio); });
  expect_null_refused("audio", [&] { return chatterbox_audio_read("a", nullptr); });
  expect_null_refused("data", [&] { return chatterbox_audio_decode(nullptr, 1, &audio); });
  expect_null_refused("audio", [&] { return chatterbox_audio_decode("a", 1, nullptr); });
  expect_null_refused("path", [&] {
    return chatterbox_audio_write(nullptr, CHATTERBOX_FORMAT_WAV, s, 1, 1, kRate);
  });
  expect_null_refused("samples", [&] {
    return chatterbox_audio_write("a", CHATTERBOX_FORMAT_WAV, nullptr, 1, 1, kRate);
  });
  expect_null_refused("samples", [&] {
    return chatterbox_audio_encode(CHATTERBOX_FORMAT_WAV, nullptr, 1, 1, kRate, &buffer);
  });
  expect_null_refused("buffer", [&] {
    return chatterbox_audio_encode(CHATTERBOX_FORMAT_WAV, s, 1, 1, kRate, nullptr);
  });
  expect_null_refused("path", [&] {
    return chatterbox_audio_writer_create(nullptr, CHATTERBOX_FORMAT_WAV, 1, kRate, &writer);
  });
  expect_null_refused("writer", [&] {
    return chatterbox_audio_writer_create("a", CHATTERBOX_FORMAT_WAV, 1, kRate, nullptr);
  });
  expect_null_refused("on_bytes", [&] {
    return chatterbox_audio_writer_create_for_callback(nullptr, nullptr, CHATTERBOX_FORMAT_WAV, 1,
                                                       kRate, &writer);
  });
  expect_null_refused("writer", [&] { return chatterbox_audio_writer_write(nullptr, s, 1); });
  expect_null_refused("writer", [&] { return chatterbox_audio_writer_finish(nullptr); });
}

TEST_F(Arguments, NullWhereAWatermarkIsLookedFor) {
  const auto detector =
      made<chatterbox_watermark_detector>([](chatterbox_watermark_detector** out) {
        return chatterbox_watermark_detector_create(nullptr, out);
      });
  float confidence = 0;
  const auto detect = [&](const chatterbox_watermark_detector* with, const float* data,
                          float* out) {
    return chatterbox_watermark_detector_detect(with, data, samples.size(), 1, kRate, out);
  };
  expect_null_refused("detector",
                      [] { return chatterbox_watermark_detector_create(nullptr, nullptr); });
  expect_null_refused("detector", [&] { return detect(nullptr, samples.data(), &confidence); });
  expect_null_refused("samples", [&] { return detect(detector.get(), nullptr, &confidence); });
  expect_null_refused("confidence",
                      [&] { return detect(detector.get(), samples.data(), nullptr); });
}

}  // namespace
}  // namespace chatterbox::capi_test
