// The decoders behind decode_audio(), and what all of them check. Failures are kBadAudio and begin
// with the file's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "audio/audio.h"

namespace chatterbox::audio {

void check_shape(int64_t channels, int64_t sample_rate, const std::string& name);
void check_samples(size_t samples, size_t max_samples, const std::string& name);

// That the bytes are Ogg pages of one stream, all of them whole and sound, with packets after the
// codec's headers. libogg skips what is not, and the sound then lacks a piece; and libsndfile leaks
// memory where headers of Vorbis are missing.
void check_ogg_pages(std::string_view file, const std::string& name);

// FLAC, and Vorbis or Opus in Ogg.
[[nodiscard]] Audio decode_with_sndfile(std::string_view file, const std::string& name,
                                        size_t max_samples);
// libsndfile would take libmpg123 for these too, but lets it write to stderr.
[[nodiscard]] Audio decode_mp3(std::string_view file, const std::string& name, size_t max_samples);

}  // namespace chatterbox::audio
