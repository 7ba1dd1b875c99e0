// What both resamplers ask of their rates.
#pragma once

#include <cstdint>

#include "support/error.h"

namespace chatterbox::audio {

inline void check_rates(int32_t source, int32_t target) {
  if (source < 1 || target < 1) {
    fail(Status::kBadAudio, "cannot resample from {} to {} Hz: rates must be at least 1", source,
         target);
  }
}

}  // namespace chatterbox::audio
