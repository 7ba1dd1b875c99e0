// What comes in from outside, checked once, before any work. An option that is not set is not
// looked at. A wrong value is an error that names it and the limit; nothing is clamped or replaced.
#pragma once

#include <cstdint>

#include "audio/audio.h"
#include "engine/request.h"
#include "runtime/options.h"

namespace chatterbox::engine {

// All throw kInvalidArgument where nothing else is said.
void validate_options(const EngineOptions& options);
void validate_request(const Request& request);
// The same for a request whose text may be long.
void validate_long_text(const Request& request, const LongTextOptions& options);
// The same for one whose text comes by and by, and for more of it, behind so many bytes.
void validate_text_to_come(const Request& request, const LongTextOptions& options);
void validate_fed_text(std::string_view text, size_t bytes_before);
inline constexpr double kMaxPause = 10;  // seconds
// kBadAudio where it is for the source.
void validate_conversion(const Conversion& conversion);
void validate_chunk_count(uint64_t count);
void validate_stream(const JobOptions& job, const std::optional<NoiseLayout>& noise);
void validate_voice_options(const VoiceOptions& options);
// Of a text alone, of any length up to that of a long one.
void validate_long_text(std::string_view text);

inline constexpr double kMinRecordingSeconds = 0.5;
inline constexpr double kMinSourceSeconds = 0.1;  // of a conversion: three speech tokens
inline constexpr double kMinMarkedSeconds = 0.1;  // to look for a watermark in
// Throw kBadAudio. The first looks at the numbers only, for callers whose samples lie elsewhere.
void validate_recording_format(uint64_t frames, int64_t channels, int64_t sample_rate,
                               double min_seconds = kMinRecordingSeconds);
void validate_recording(const Audio& recording, double min_seconds = kMinRecordingSeconds);

}  // namespace chatterbox::engine
