#include "capi/guard.h"
#include "capi/samples.h"
#include "engine/validate.h"

using chatterbox::capi::require;

chatterbox_status chatterbox_detect_watermark(const float* samples, uint64_t frames,
                                              int32_t channels, int32_t sample_rate,
                                              float* confidence) {
  if (confidence != nullptr) *confidence = 0;
  return chatterbox::capi::guard([&] {
    require("confidence", confidence);
    require("samples", samples);
    // Before the samples are touched: a wrong count must not make us read beyond them.
    chatterbox::engine::validate_recording_format(frames, channels, sample_rate,
                                                  chatterbox::engine::kLeastMarkedSeconds);
    *confidence = chatterbox::detect_watermark(
        chatterbox::capi::copy_audio(samples, frames, channels, sample_rate));
  });
}
