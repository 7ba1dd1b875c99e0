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
};
template <class Handle>
using Owned = std::unique_ptr<Handle, Destroy>;

inline Owned<chatterbox_engine> make_engine(const chatterbox_engine_options* options = nullptr) {
  chatterbox_engine* engine = nullptr;
  EXPECT_EQ(chatterbox_engine_create(options, &engine), CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  return Owned<chatterbox_engine>(engine);
}

inline chatterbox_engine_options default_options() {
  chatterbox_engine_options options;
  EXPECT_EQ(chatterbox_engine_options_init(&options, sizeof options), CHATTERBOX_STATUS_OK);
  return options;
}

// With a seed, so that results can be compared.
inline chatterbox_request request_for(const char* text) {
  chatterbox_request request;
  EXPECT_EQ(chatterbox_request_init(&request, sizeof request), CHATTERBOX_STATUS_OK);
  request.text = text;
  request.has_seed = 1;
  request.seed = 5;
  return request;
}

inline Owned<chatterbox_job> submit(const Owned<chatterbox_engine>& engine,
                                    const chatterbox_request& request) {
  chatterbox_job* job = nullptr;
  EXPECT_EQ(chatterbox_engine_submit(engine.get(), &request, &job), CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  return Owned<chatterbox_job>(job);
}

inline std::vector<float> samples_of(const Owned<chatterbox_result>& result) {
  const float* samples = chatterbox_result_samples(result.get());
  return {samples, samples + chatterbox_result_sample_count(result.get())};
}

inline std::vector<float> speak(const Owned<chatterbox_engine>& engine,
                                const chatterbox_request& request) {
  chatterbox_result* result = nullptr;
  EXPECT_EQ(chatterbox_engine_generate(engine.get(), &request, &result), CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  return samples_of(Owned<chatterbox_result>(result));
}

inline chatterbox_status wait_status(const Owned<chatterbox_job>& job) {
  chatterbox_result* result = nullptr;
  const chatterbox_status status = chatterbox_job_wait(job.get(), &result);
  EXPECT_EQ(result != nullptr, status == CHATTERBOX_STATUS_OK);
  chatterbox_result_destroy(result);
  return status;
}

}  // namespace chatterbox::capi_test
