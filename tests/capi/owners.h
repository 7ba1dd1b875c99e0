// The handles of the C ABI with owners, and short ways to what most tests need.
#pragma once

#include <chatterbox/chatterbox.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace chatterbox::capi_test {

struct Destroy {
  void operator()(chatterbox_engine* engine) const { chatterbox_engine_destroy(engine); }
  void operator()(chatterbox_voice* voice) const { chatterbox_voice_destroy(voice); }
  void operator()(chatterbox_job* job) const { chatterbox_job_destroy(job); }
  void operator()(chatterbox_result* result) const { chatterbox_result_destroy(result); }
  void operator()(chatterbox_batch* batch) const { chatterbox_batch_destroy(batch); }
  void operator()(chatterbox_audio* audio) const { chatterbox_audio_destroy(audio); }
  void operator()(chatterbox_buffer* buffer) const { chatterbox_buffer_destroy(buffer); }
  void operator()(chatterbox_audio_writer* writer) const {
    chatterbox_audio_writer_destroy(writer);
  }
  void operator()(chatterbox_watermark_detector* detector) const {
    chatterbox_watermark_detector_destroy(detector);
  }
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Destroy>;

// The handle that `call` stores, which must succeed.
template <class Handle, class Call>
Owned<Handle> made(const Call& call) {
  Handle* handle = nullptr;
  EXPECT_EQ(call(&handle), CHATTERBOX_STATUS_OK) << chatterbox_last_error();
  EXPECT_NE(handle, nullptr);
  return Owned<Handle>(handle);
}

// The struct that `call` fills in, which must succeed.
template <class Struct, class Call>
Struct filled(const Call& call) {
  Struct out;
  EXPECT_EQ(call(&out, sizeof out), CHATTERBOX_STATUS_OK) << chatterbox_last_error();
  return out;
}

inline Owned<chatterbox_engine> make_engine(const chatterbox_engine_options* options = nullptr) {
  return made<chatterbox_engine>(
      [&](chatterbox_engine** engine) { return chatterbox_engine_create(options, engine); });
}

inline chatterbox_engine_options default_options() {
  return filled<chatterbox_engine_options>(chatterbox_engine_options_init);
}

// With a seed, so that results can be compared.
inline chatterbox_request request_for(const char* text) {
  auto request = filled<chatterbox_request>(chatterbox_request_init);
  request.text = text;
  request.has_seed = 1;
  request.seed = 5;
  return request;
}

inline Owned<chatterbox_job> submit(const Owned<chatterbox_engine>& engine,
                                    const chatterbox_request& request) {
  return made<chatterbox_job>(
      [&](chatterbox_job** job) { return chatterbox_engine_submit(engine.get(), &request, job); });
}

inline Owned<chatterbox_job> submit_long(const Owned<chatterbox_engine>& engine,
                                         const chatterbox_request& request,
                                         const chatterbox_long_text_options* options = nullptr) {
  return made<chatterbox_job>([&](chatterbox_job** job) {
    return chatterbox_engine_submit_long(engine.get(), &request, options, job);
  });
}

inline Owned<chatterbox_result> wait_for(const Owned<chatterbox_job>& job) {
  return made<chatterbox_result>([&](chatterbox_result** result) {
    return chatterbox_job_wait(job.get(), CHATTERBOX_FOREVER, result);
  });
}

// Of one channel and 24 kHz.
inline Owned<chatterbox_voice> make_voice(const Owned<chatterbox_engine>& engine,
                                          const std::vector<float>& samples) {
  return made<chatterbox_voice>([&](chatterbox_voice** voice) {
    return chatterbox_engine_make_voice(engine.get(), samples.data(), samples.size(), 1, 24000,
                                        nullptr, voice);
  });
}

inline std::vector<float> samples_of(const Owned<chatterbox_result>& result) {
  const float* samples = chatterbox_result_samples(result.get());
  return {samples, samples + chatterbox_result_sample_count(result.get())};
}

inline chatterbox_result_stats stats_of(const Owned<chatterbox_result>& result) {
  return filled<chatterbox_result_stats>([&](chatterbox_result_stats* stats, size_t size) {
    return chatterbox_result_get_stats(result.get(), stats, size);
  });
}

inline chatterbox_metrics metrics_of(const Owned<chatterbox_engine>& engine) {
  return filled<chatterbox_metrics>([&](chatterbox_metrics* metrics, size_t size) {
    return chatterbox_engine_get_metrics(engine.get(), metrics, size);
  });
}

inline Owned<chatterbox_result> generate(const Owned<chatterbox_engine>& engine,
                                         const chatterbox_request& request) {
  return made<chatterbox_result>([&](chatterbox_result** result) {
    return chatterbox_engine_generate(engine.get(), &request, result);
  });
}

inline std::vector<float> speak(const Owned<chatterbox_engine>& engine,
                                const chatterbox_request& request) {
  return samples_of(generate(engine, request));
}

// How the job ended.
inline chatterbox_status wait_status(const Owned<chatterbox_job>& job,
                                     int64_t timeout_ms = CHATTERBOX_FOREVER) {
  chatterbox_result* result = nullptr;
  const chatterbox_status status = chatterbox_job_wait(job.get(), timeout_ms, &result);
  EXPECT_EQ(result != nullptr, status == CHATTERBOX_STATUS_OK);
  chatterbox_result_destroy(result);
  return status;
}

// The message of a request that is refused with INVALID_ARGUMENT.
inline std::string refusal(const Owned<chatterbox_engine>& engine,
                           const chatterbox_request& request,
                           chatterbox_status status = CHATTERBOX_STATUS_INVALID_ARGUMENT) {
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(engine.get(), &request, &job), status);
  EXPECT_EQ(job, nullptr);
  chatterbox_job_destroy(job);
  return chatterbox_last_error();
}

}  // namespace chatterbox::capi_test
