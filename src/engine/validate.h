// What comes in from outside, checked once, before any work. Ranges are those of chatterbox.hpp. A
// wrong value is an error that names it and the limit; nothing is clamped or replaced.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstdint>

namespace chatterbox::engine {

void validate_options(const EngineOptions& options);  // throws kInvalidArgument
void validate_request(const Request& request);        // throws kInvalidArgument
// The same for a request whose text may be long.
void validate_long_text(const Request& request, const LongTextOptions& options);
// Throws kBadAudio where it is for the source, else kInvalidArgument.
void validate_conversion(const Conversion& conversion);

inline constexpr double kLeastRecordingSeconds = 0.5;
inline constexpr double kLeastSourceSeconds = 0.1;  // of a conversion: three speech tokens
inline constexpr double kLeastMarkedSeconds = 0.1;  // to look for a watermark in
// Throw kBadAudio. The first looks at the numbers only, for callers whose samples lie elsewhere.
void validate_recording_format(uint64_t frames, int64_t channels, int64_t sample_rate,
                               double least_seconds = kLeastRecordingSeconds);
void validate_recording(const Audio& recording, double least_seconds = kLeastRecordingSeconds);

}  // namespace chatterbox::engine
