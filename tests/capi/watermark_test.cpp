// Looking for the watermark: an object that loads its weights once.
#include <limits>
#include <thread>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {
namespace {

using ::testing::HasSubstr;

class Watermarks : public ::testing::Test {
 protected:
  static chatterbox_watermark_detector_options detector_options() {
    return filled<chatterbox_watermark_detector_options>(
        chatterbox_watermark_detector_options_init);
  }
  static Owned<chatterbox_watermark_detector> make_detector(
      const chatterbox_watermark_detector_options* options = nullptr) {
    return made<chatterbox_watermark_detector>([&](chatterbox_watermark_detector** detector) {
      return chatterbox_watermark_detector_create(options, detector);
    });
  }
  static std::string refusal(const chatterbox_watermark_detector_options& options,
                             chatterbox_status status = CHATTERBOX_STATUS_INVALID_ARGUMENT) {
    chatterbox_watermark_detector* detector = nullptr;
    EXPECT_EQ(chatterbox_watermark_detector_create(&options, &detector), status);
    EXPECT_EQ(detector, nullptr);
    return chatterbox_last_error();
  }
};

TEST_F(Watermarks, AreLookedForInCheckedSamples) {
  const auto detector = make_detector();
  std::vector<float> samples(4800, 0.75F);
  float confidence = -1;
  const auto detect = [&](uint64_t frames, int32_t channels, int32_t rate) {
    return chatterbox_watermark_detector_detect(detector.get(), samples.data(), frames, channels,
                                                rate, &confidence);
  };
  EXPECT_EQ(detect(4800, 1, 24000), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(confidence, 0.75F);  // the fake detector's
  EXPECT_EQ(detect(100, 1, 24000), CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_EQ(confidence, 0);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("0.1 to 600 s"));
  EXPECT_EQ(detect(UINT64_MAX, 8, 24000), CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_EQ(detect(4800, 9, 24000), CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_EQ(detect(4800, 1, 7999), CHATTERBOX_STATUS_BAD_AUDIO);
  samples.back() = std::numeric_limits<float>::infinity();
  EXPECT_EQ(detect(4800, 1, 24000), CHATTERBOX_STATUS_BAD_AUDIO);
  EXPECT_STREQ(chatterbox_last_error(),
               "the samples of a recording must be finite, sample 4799 is inf");
}

TEST_F(Watermarks, OptionsReachTheDetector) {
  auto options = detector_options();
  options.threads = 3;
  const auto detector = make_detector(&options);
  const std::vector<float> samples(9600, 0.75F);
  float confidence = 0;
  EXPECT_EQ(chatterbox_watermark_detector_detect(detector.get(), samples.data(), 4800, 2, 24000,
                                                 &confidence),
            CHATTERBOX_STATUS_OK);
  EXPECT_EQ(confidence, 3);  // of two channels: the threads
  options.weights = "/nowhere/perth.safetensors";
  EXPECT_THAT(refusal(options, CHATTERBOX_STATUS_NOT_FOUND),
              HasSubstr("/nowhere/perth.safetensors"));
}

TEST_F(Watermarks, OptionsAreChecked) {
  auto options = detector_options();
  options.threads = 0;
  EXPECT_EQ(refusal(options), "threads must be in [1, 1024], got 0");
  options.threads = CHATTERBOX_UNSET;  // it has a default, and cannot be unset
  EXPECT_EQ(refusal(options), "threads must be in [1, 1024], got -1");
  options.threads = 1025;
  EXPECT_EQ(refusal(options), "threads must be in [1, 1024], got 1025");
  options = detector_options();
  options.struct_size = 3;
  EXPECT_THAT(refusal(options), HasSubstr("cannot have a size of 3 bytes"));
}

TEST_F(Watermarks, ManyThreadsOneDetector) {
  const auto detector = make_detector();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::vector<float> samples(2400, static_cast<float>(i) / 8);
      float confidence = -1;
      EXPECT_EQ(chatterbox_watermark_detector_detect(detector.get(), samples.data(), 2400, 1, 24000,
                                                     &confidence),
                CHATTERBOX_STATUS_OK);
      EXPECT_EQ(confidence, static_cast<float>(i) / 8);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace chatterbox::capi_test
