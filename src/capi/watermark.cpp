#include <chatterbox/watermark.h>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/new_handle.h"
#include "capi/structs.h"
#include "engine/validate.h"
#include "support/ranges.h"

using chatterbox::capi::guard;
using chatterbox::capi::require;
using chatterbox::capi::store_new;

namespace {

constexpr int32_t kMaxThreads = 1024;

chatterbox_watermark_detector_options default_options() {
  chatterbox_watermark_detector_options options{};
  options.threads = 1;
  return options;
}

}  // namespace

chatterbox_status chatterbox_watermark_detector_options_init(
    chatterbox_watermark_detector_options* options, size_t size) {
  return guard([&] {
    require("options", options);
    chatterbox::capi::init_struct("chatterbox_watermark_detector_options", default_options(),
                                  options, size);
  });
}

chatterbox_status chatterbox_watermark_detector_create(
    const chatterbox_watermark_detector_options* options,
    chatterbox_watermark_detector** detector) {
  return store_new("detector", detector, [&] {
    auto from = default_options();
    if (options != nullptr) {
      from = chatterbox::capi::read_struct("chatterbox_watermark_detector_options", from, options);
    }
    chatterbox::check_range("threads", from.threads, 1, kMaxThreads);
    return new chatterbox_watermark_detector{chatterbox::runtime::WatermarkDetector(
        from.weights == nullptr ? "" : from.weights, from.threads)};
  });
}

chatterbox_status chatterbox_watermark_detector_detect(
    const chatterbox_watermark_detector* detector, const float* samples, uint64_t frames,
    int32_t channels, int32_t sample_rate, float* confidence) {
  if (confidence != nullptr) *confidence = 0;
  return guard([&] {
    require("confidence", confidence);
    require("detector", detector);
    require("samples", samples);
    // Before the samples are touched: a wrong count must not make us read beyond them.
    chatterbox::engine::validate_recording_format(frames, channels, sample_rate,
                                                  chatterbox::engine::kMinMarkedSeconds);
    const chatterbox::Audio audio =
        chatterbox::capi::copy_audio(samples, frames, channels, sample_rate);
    chatterbox::engine::validate_recording(audio, chatterbox::engine::kMinMarkedSeconds);
    *confidence = detector->detector.detect(audio);
  });
}

void chatterbox_watermark_detector_destroy(chatterbox_watermark_detector* detector) {
  delete detector;
}
