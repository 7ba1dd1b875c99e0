// Finding the Perth watermark. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_WATERMARK_HPP
#define CHATTERBOX_CPP_WATERMARK_HPP

#include <chatterbox/cpp/audio.hpp>
#include <chatterbox/cpp/core.hpp>
#include <string>

namespace chatterbox {
inline namespace abi1 {

struct WatermarkDetectorOptions {
  int32_t threads = 1;       // CPU threads for computation, 1 to 1024
  std::string weights = {};  // path of a file; empty: the one that is installed with the library
};

// The watermark's weights, loaded once. Any thread may call any function.
class WatermarkDetector {
 public:
  // kNotFound if the weights are not installed.
  explicit WatermarkDetector(const WatermarkDetectorOptions& options = {})
      : handle_(detail::make<chatterbox_watermark_detector, chatterbox_watermark_detector_destroy>(
            [&](chatterbox_watermark_detector** detector) {
              auto to = detail::get<chatterbox_watermark_detector_options>(
                  chatterbox_watermark_detector_options_init);
              to.threads = options.threads;
              if (!options.weights.empty())
                to.weights = detail::c_string("weights", options.weights);
              return chatterbox_watermark_detector_create(&to, detector);
            })) {}

  // Returns how sure the detector is that the audio carries the watermark, 0 to 1: above 0.5 it
  // does. Blocks.
  [[nodiscard]] float detect(const Audio& audio) const {
    float confidence = 0;
    detail::check(chatterbox_watermark_detector_detect(handle_.get(), audio.samples().data(),
                                                       audio.frames(), audio.channels(),
                                                       audio.sample_rate(), &confidence));
    return confidence;
  }

 private:
  detail::Owned<chatterbox_watermark_detector, chatterbox_watermark_detector_destroy> handle_;
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_WATERMARK_HPP
