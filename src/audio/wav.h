// RIFF/WAVE files. read_wav() and write_wav() are in chatterbox.hpp.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <cstddef>
#include <string>

namespace chatterbox::audio {

// The bytes of a file; `name` is for messages. kBadAudio where they are no WAV file that read_wav()
// reads: 1 to 8 channels, 8 to 192 kHz, at least one frame.
[[nodiscard]] Audio parse_wav(const void* data, size_t size, const std::string& name);

// The bytes that write_wav() writes. kInvalidArgument: NaN, a rate or a number of channels that
// parse_wav() refuses, or more than the format's 4 GiB.
[[nodiscard]] std::string encode_wav(const Audio& audio);

}  // namespace chatterbox::audio
