// What comes in from outside, checked once, before any work. Ranges are those of chatterbox.hpp. A
// wrong value is an error that names it and the limit; nothing is clamped or replaced.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstdint>

namespace chatterbox::engine {

void validate_options(const EngineOptions& options);  // throws kInvalidArgument
void validate_request(const Request& request);        // throws kInvalidArgument

// Throw kBadAudio. The first looks at the numbers only, for callers whose samples lie elsewhere.
void validate_recording_format(uint64_t frames, int64_t channels, int64_t sample_rate);
void validate_recording(const Audio& recording);

}  // namespace chatterbox::engine
