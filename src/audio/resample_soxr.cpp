#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "audio/rates.h"
#include "audio/resample.h"
#include "support/error.h"
#include "support/interruption.h"

namespace chatterbox::audio {
namespace {

struct DeleteResampler {
  void operator()(soxr* resampler) const { soxr_delete(resampler); }
};

void check(soxr_error_t error) {
  if (error != nullptr) fail(Status::kInternal, "libsoxr: {}", error);
}

}  // namespace

// In chunks of a second at 48 kHz and then a flush, as python-soxr's resample() does.
std::vector<float> resample_soxr_hq(const std::vector<float>& samples, int32_t source_rate,
                                    int32_t target_rate) {
  check_rates(source_rate, target_rate);
  if (source_rate == target_rate || samples.empty()) return samples;
  soxr_error_t error = nullptr;
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  const std::unique_ptr<soxr, DeleteResampler> resampler(
      soxr_create(source_rate, target_rate, 1, &error, nullptr, &quality, nullptr));
  check(error);

  const double ratio = static_cast<double>(target_rate) / source_rate;
  const auto size = static_cast<size_t>(std::ceil(static_cast<double>(samples.size()) * ratio));
  std::vector<float> resampled(size + 1);
  size_t written = 0;
  const auto process = [&](const float* input, size_t count) {
    size_t done = 0;
    check(soxr_process(resampler.get(), input, count, nullptr, resampled.data() + written,
                       resampled.size() - written, &done));
    written += done;
  };
  const auto chunk = std::max<size_t>(1, static_cast<size_t>(48000 / ratio));
  for (size_t i = 0; i < samples.size(); i += chunk) {
    interruption_point();
    process(samples.data() + i, std::min(chunk, samples.size() - i));
  }
  process(nullptr, 0);
  resampled.resize(size);
  return resampled;
}

}  // namespace chatterbox::audio
