// Audio files of all formats: WAV by our own code (audio/wav.h), FLAC, Ogg Vorbis and Opus by
// libsndfile, MP3 by libmpg123 and libsndfile.
//
// What is read has 1 to 8 channels, 8 to 192 kHz and at least one frame, in every format, and is
// recognised by its first bytes, whatever its name. Integers become fractions of their range;
// FLAC and WAV give the bits that were written. An encoder's delay is taken away where the file
// tells it: always in Vorbis and Opus, in MP3 where an Info frame does. Then a recording is as long
// as it was before it was encoded, and begins where it did (Opus: within a sample).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "audio/audio.h"
#include "audio/limits.h"

namespace chatterbox::audio {

enum class AudioFormat : int32_t {
  kAuto = 0,    // by the ending of a file's name
  kWav = 1,     // 16-bit PCM
  kFlac = 2,    // 16 bits
  kVorbis = 3,  // .ogg
  kOpus = 4,    // .opus
  kMp3 = 5,
};

[[nodiscard]] const char* name_of(AudioFormat format);  // "Ogg Vorbis"
// By the name's ending, in any case. kInvalidArgument lists the endings.
[[nodiscard]] AudioFormat format_of(const std::string& path);

// Whether a file that starts like this is audio to decode_audio(). Nothing is decoded.
[[nodiscard]] bool is_audio(std::string_view start);

// kNotFound, kIo or kBadAudio. A truncated file is refused. Where the header tells no length (Ogg,
// MP3 without an Info frame, what was written into a pipe) that shows unless it ends between two
// frames or pages, as a stream does that broke off. Damage shows in FLAC and Ogg, which have
// checksums. Nor may there be more than `max_samples` in all channels, so that a small file cannot
// take all memory.
[[nodiscard]] Audio read_audio(const std::string& path, size_t max_samples = kMaxSamples);
// The same from a file's bytes; `name` stands in messages.
[[nodiscard]] Audio decode_audio(const void* data, size_t size, const std::string& name,
                                 size_t max_samples = kMaxSamples);

// Replaces the file whole or not at all (AtomicFile). Samples beyond [-1, 1] are clipped.
// kInvalidArgument: NaN, no samples, or a rate or a number of channels that the format has not.
void write_audio(const std::string& path, const Audio& audio,
                 AudioFormat format = AudioFormat::kAuto);
// The bytes of such a file, which depend on the samples alone. `format`: not kAuto.
[[nodiscard]] std::string encode_audio(const Audio& audio, AudioFormat format);

}  // namespace chatterbox::audio
