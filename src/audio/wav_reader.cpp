// Our own reader, not libsndfile's: it refuses what is truncated or makes no sense, where
// libsndfile guesses, and is far less code for a hostile file to attack.
#include <cstring>
#include <string_view>

#include "audio/decode.h"
#include "audio/sniff.h"
#include "audio/wav.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

constexpr size_t kRiffHeader = 12;  // "RIFF", size, "WAVE"
constexpr size_t kChunkHeader = 8;  // name, size
// The last 14 bytes of the subformat's GUID in WAVEFORMATEXTENSIBLE (KSDATAFORMAT_SUBTYPE_*).
constexpr std::string_view kSubformat("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71",
                                      14);

struct Format {
  uint16_t code = 0;  // kWavPcm or kWavFloat
  uint16_t channels = 0;
  uint32_t rate = 0;
  uint16_t bits = 0;  // of one sample
};

template <class T>
T little_endian(const char* bytes) {
  T value = 0;
  for (size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>(value << 8U | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

void check_riff(std::string_view file, const std::string& name) {
  if (file.substr(0, 4) != "RIFF" || file.substr(8, 4) != "WAVE") {
    const std::string_view start = file.substr(0, 4) == "RIFF" ? file.substr(0, 12) : file;
    fail(Status::kBadAudio, "{}: not a WAV file (starts with {}{})", name, quote(start),
         start.size() == kRiffHeader ? " and holds " + quote(start.substr(8)) : "");
  }
}

Format parse_format(std::string_view chunk, const std::string& name) {
  if (chunk.size() < 16) {
    fail(Status::kBadAudio, "{}: the fmt chunk must have at least 16 bytes, got {}", name,
         chunk.size());
  }
  Format format{little_endian<uint16_t>(chunk.data()), little_endian<uint16_t>(chunk.data() + 2),
                little_endian<uint32_t>(chunk.data() + 4),
                little_endian<uint16_t>(chunk.data() + 14)};
  const auto frame = little_endian<uint16_t>(chunk.data() + 12);
  if (format.code == kWavExtensible) {
    if (chunk.size() < 40 || chunk.substr(26, kSubformat.size()) != kSubformat) {
      fail(Status::kBadAudio, "{}: the fmt chunk has an unknown extension ({} bytes)", name,
           chunk.size());
    }
    format.code = little_endian<uint16_t>(chunk.data() + 24);
  }
  const bool pcm = format.code == kWavPcm && (format.bits == 8 || format.bits == 16 ||
                                              format.bits == 24 || format.bits == 32);
  const bool real = format.code == kWavFloat && (format.bits == 32 || format.bits == 64);
  if (!pcm && !real) {
    fail(Status::kBadAudio,
         "{}: samples must be PCM (8, 16, 24, 32 bit) or float (32, 64 bit), got format {} with {} "
         "bits",
         name, format.code, format.bits);
  }
  check_shape(format.channels, format.rate, name);
  if (frame != format.channels * format.bits / 8) {
    fail(Status::kBadAudio, "{}: a frame of {} channels with {} bits cannot have {} bytes", name,
         format.channels, format.bits, frame);
  }
  return format;
}

// Integers over their range, as soundfile and librosa: int16 / 32768.
float sample_at(const char* bytes, const Format& format) {
  if (format.code == kWavFloat && format.bits == 32) {
    float value = 0;
    const auto bits = little_endian<uint32_t>(bytes);
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  if (format.code == kWavFloat) {
    double value = 0;
    const auto bits = little_endian<uint64_t>(bytes);
    std::memcpy(&value, &bits, sizeof value);
    return static_cast<float>(value);
  }
  if (format.bits == 8) return static_cast<float>(static_cast<unsigned char>(*bytes) - 128) / 128;
  // The sample at the top of 32 bits, so that one scale fits all widths.
  uint32_t bits = 0;
  for (uint32_t i = 0; i < format.bits / 8U; ++i) {
    bits |= uint32_t{static_cast<unsigned char>(bytes[i])} << (32U - format.bits + 8 * i);
  }
  int32_t value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return static_cast<float>(value) / 2147483648.0F;
}

Audio decode(std::string_view data, const Format& format, const std::string& name,
             size_t max_samples) {
  const size_t width = format.bits / 8;
  const size_t frame = width * format.channels;
  if (data.empty()) fail(Status::kBadAudio, "{}: has no samples", name);
  if (data.size() % frame != 0) {
    fail(Status::kBadAudio, "{}: {} bytes of samples are no whole number of frames of {} bytes",
         name, data.size(), frame);
  }
  check_samples(data.size() / width, max_samples, name);
  Audio audio;
  audio.sample_rate = static_cast<int32_t>(format.rate);
  audio.channels = format.channels;
  audio.samples.resize(data.size() / width);
  for (size_t i = 0; i < audio.samples.size(); ++i) {
    audio.samples[i] = sample_at(data.data() + i * width, format);
  }
  return audio;
}

}  // namespace

Audio parse_wav(const void* data, size_t size, const std::string& name, size_t max_samples) {
  const std::string_view file(static_cast<const char*>(data), size);
  if (file.size() < kRiffHeader) {
    fail(Status::kBadAudio, "{}: not a WAV file ({} bytes, starts with {})", name, size,
         quote(file));
  }
  check_riff(file, name);
  // What was written into a pipe tells no sizes; its samples reach to the end.
  const bool is_stream = little_endian<uint32_t>(file.data() + 4) == kUnknownWavSize;
  Format format;
  size_t position = kRiffHeader;
  while (file.size() - position >= kChunkHeader) {
    const std::string_view kind = file.substr(position, 4);
    const auto told = little_endian<uint32_t>(file.data() + position + 4);
    position += kChunkHeader;
    const bool is_rest = is_stream && kind == "data" && told == kUnknownWavSize;
    const size_t length = is_rest ? file.size() - position : told;
    if (length > file.size() - position) {
      fail(Status::kBadAudio, "{}: truncated, chunk {} should have {} bytes, {} are there", name,
           quote(kind), length, file.size() - position);
    }
    const std::string_view chunk = file.substr(position, length);
    if (kind == "fmt ") format = parse_format(chunk, name);
    if (kind == "data") {
      if (format.code == 0) fail(Status::kBadAudio, "{}: has samples before their format", name);
      return decode(chunk, format, name, max_samples);
    }
    position += length;
    if (length % 2 == 1 && position < file.size()) ++position;  // chunks start at even bytes
  }
  fail(Status::kBadAudio, "{}: truncated, no data chunk in {} bytes", name, size);
}

}  // namespace chatterbox::audio
