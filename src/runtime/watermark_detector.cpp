#include "runtime/watermark_detector.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "runtime/torch_errors.h"
#include "runtime/watermark.h"
#include "support/on_new_thread.h"
#include "voice/recording.h"

namespace chatterbox::runtime {

class WatermarkDetector::Impl {
 public:
  Impl(const std::string& weights, int threads)
      : threads_(threads),
        perth_(translate_torch_errors([&] { return load_perth_weights(weights); })) {}

  [[nodiscard]] float detect(const Audio& audio) const {
    c10::InferenceMode inference_mode;
    at::set_num_threads(threads_);
    return translate_torch_errors(
        [&] { return watermark::detect(*perth_, voice::mono_mix(audio), audio.sample_rate); });
  }

 private:
  const int threads_;
  const std::shared_ptr<const watermark::Perth> perth_;
};

WatermarkDetector::WatermarkDetector(const std::string& weights, int threads)
    : impl_(std::make_unique<Impl>(weights, threads)) {}
WatermarkDetector::WatermarkDetector(WatermarkDetector&&) noexcept = default;
WatermarkDetector::~WatermarkDetector() = default;

float WatermarkDetector::detect(const Audio& audio) const {
  float confidence = 0;
  on_new_thread([&] { confidence = impl_->detect(audio); });
  return confidence;
}

}  // namespace chatterbox::runtime
