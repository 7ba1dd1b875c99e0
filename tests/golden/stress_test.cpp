// The real models under the same load as the C ABI's stress test, through the shared library.
#include <string_view>

#include "capi/stress.h"
#include "support/synthetic_folder.h"
#include "support/test_device.h"

namespace chatterbox::capi_test {
namespace {

// S3Gen goes over the voice's recording with every request: a short one makes short tests.
Owned<chatterbox_voice> short_voice(const Owned<chatterbox_engine>& engine) {
  chatterbox_audio* audio = nullptr;
  EXPECT_EQ(chatterbox_audio_read(CHATTERBOX_TEST_DATA "/data/espeak_f3_22k.wav", &audio),
            CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  const Owned<chatterbox_audio> recording(audio);
  const int32_t rate = chatterbox_audio_sample_rate(audio);
  chatterbox_voice* voice = nullptr;
  EXPECT_EQ(
      chatterbox_engine_make_voice(engine.get(), chatterbox_audio_samples(audio),
                                   static_cast<uint64_t>(rate) * 6 / 10, 1, rate, nullptr, &voice),
      CHATTERBOX_STATUS_OK)
      << chatterbox_last_error();
  return Owned<chatterbox_voice>(voice);
}

std::vector<chatterbox_request> tiny_requests(const chatterbox_voice* voice) {
  std::vector<chatterbox_request> requests;
  for (uint64_t seed = 0; seed < 48; ++seed) {
    chatterbox_request request = request_for(seed % 3 == 0 ? "Hi." : "A short text.");
    request.voice = voice;
    request.seed = seed;
    request.cfm_steps = 1;
    request.cfg_weight = seed % 2 == 0 ? 0.F : 0.5F;
    request.max_new_tokens = 1 + static_cast<int32_t>(seed % 3);
    requests.push_back(request);
  }
  return requests;
}

TEST(RealStress, ManyRequestsFromEightThreads) {
  constexpr size_t kWarmUp = CHATTERBOX_TEST_SANITIZED ? 40 : 300;
  chatterbox_engine_options options = default_options();
  options.model = testing::synthetic_folder().c_str();
  options.device = testing::test_device();
  const bool on_cpu = std::string_view(options.device) == "cpu";
  options.deterministic = on_cpu ? 0 : 1;  // a result is compared with that of the request alone
  options.threads = 2;
  options.max_queue = 16;
  const auto engine = make_engine(&options);
  const auto voice = short_voice(engine);
  Stress stress(engine, tiny_requests(voice.get()), 5 * kWarmUp);
  // Measured on a CPU: 0 MiB; 2 MiB is the wave of every fourth request. CUDA's runtime has memory
  // of its own on the host.
  expect_flat_memory(stress, kWarmUp, 4 * kWarmUp, on_cpu ? 2 : 64);
}

}  // namespace
}  // namespace chatterbox::capi_test
