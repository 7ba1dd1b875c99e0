// A detector without weights: as sure as the first sample says.
#include "runtime/watermark_detector.h"
#include "support/error.h"

namespace chatterbox::runtime {

class WatermarkDetector::Impl {
 public:
  explicit Impl(int threads) : threads_(threads) {}

  // Of more than one channel: the number of threads that it was made with.
  [[nodiscard]] float detect(const Audio& audio) const {
    return audio.channels > 1 ? static_cast<float>(threads_) : audio.samples.front();
  }

 private:
  const int threads_;
};

WatermarkDetector::WatermarkDetector(const std::string& weights, int threads) {
  if (!weights.empty()) fail(Status::kNotFound, "{}: no such file", weights);
  impl_ = std::make_unique<Impl>(threads);
}
WatermarkDetector::WatermarkDetector(WatermarkDetector&&) noexcept = default;
WatermarkDetector::~WatermarkDetector() = default;

float WatermarkDetector::detect(const Audio& audio) const { return impl_->detect(audio); }

}  // namespace chatterbox::runtime
