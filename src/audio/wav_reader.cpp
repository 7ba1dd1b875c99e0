// Our own reader: libsndfile parses dozens of formats, which is a large attack surface and one more
// dependency for the one format that is needed.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

#include "audio/wav.h"
#include "audio/wav_limits.h"
#include "support/error.h"

namespace chatterbox {
namespace audio {
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

// Up to eight bytes as text, what is not printable in hexadecimal.
std::string quote(std::string_view bytes) {
  if (bytes.empty()) return "nothing";
  std::string quoted = "'";
  for (const char c : bytes.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool printable = byte >= 0x20 && byte < 0x7F && c != '\\' && c != '\'';
    quoted += printable ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return quoted + "'";
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
  if (format.channels < 1 || format.channels > kMostWavChannels) {
    fail(Status::kBadAudio, "{}: must have 1 to {} channels, got {}", name, kMostWavChannels,
         format.channels);
  }
  if (format.rate < kLeastWavRate || format.rate > kMostWavRate) {
    fail(Status::kBadAudio, "{}: the sample rate must be in [{}, {}] Hz, got {}", name,
         kLeastWavRate, kMostWavRate, format.rate);
  }
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

Audio decode(std::string_view data, const Format& format, const std::string& name) {
  const size_t width = format.bits / 8;
  const size_t frame = width * format.channels;
  if (data.empty()) fail(Status::kBadAudio, "{}: has no samples", name);
  if (data.size() % frame != 0) {
    fail(Status::kBadAudio, "{}: {} bytes of samples are no whole number of frames of {} bytes",
         name, data.size(), frame);
  }
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

Audio parse_wav(const void* data, size_t size, const std::string& name) {
  const std::string_view file(static_cast<const char*>(data), size);
  if (file.size() < kRiffHeader) {
    fail(Status::kBadAudio, "{}: not a WAV file ({} bytes, starts with {})", name, size,
         quote(file));
  }
  check_riff(file, name);
  Format format;
  size_t position = kRiffHeader;
  while (file.size() - position >= kChunkHeader) {
    const std::string_view kind = file.substr(position, 4);
    const auto length = little_endian<uint32_t>(file.data() + position + 4);
    position += kChunkHeader;
    if (length > file.size() - position) {
      fail(Status::kBadAudio, "{}: truncated, chunk {} should have {} bytes, {} are there", name,
           quote(kind), length, file.size() - position);
    }
    const std::string_view chunk = file.substr(position, length);
    if (kind == "fmt ") format = parse_format(chunk, name);
    if (kind == "data") {
      if (format.code == 0) fail(Status::kBadAudio, "{}: has samples before their format", name);
      return decode(chunk, format, name);
    }
    position += length;
    if (length % 2 == 1 && position < file.size()) ++position;  // chunks start at even bytes
  }
  fail(Status::kBadAudio, "{}: truncated, no data chunk in {} bytes", name, size);
}

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

[[noreturn]] void fail_to_read(const std::string& path, int error) {
  fail(error == ENOENT ? Status::kNotFound : Status::kIo, "{}: {}", path,
       std::generic_category().message(error));
}

}  // namespace
}  // namespace audio

Audio read_wav(const std::string& path) {
  const std::unique_ptr<std::FILE, audio::CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) audio::fail_to_read(path, errno);
  std::string bytes;
  const auto read = [&](size_t count) {
    const size_t before = bytes.size();
    bytes.resize(before + count);
    bytes.resize(before + std::fread(&bytes[before], 1, count, file.get()));
    if (std::ferror(file.get()) != 0) audio::fail_to_read(path, errno);
    return bytes.size() > before;
  };
  // The start first: what is no WAV file is not read to its end.
  constexpr size_t kBlock = size_t{1} << 20U;
  read(audio::kRiffHeader);
  if (bytes.size() == audio::kRiffHeader) audio::check_riff(bytes, path);
  while (read(kBlock)) {
    if (bytes.size() > audio::kMostWavBytes) {
      fail(Status::kBadAudio, "{}: larger than the {} bytes of a WAV file", path,
           audio::kMostWavBytes);
    }
  }
  return audio::parse_wav(bytes.data(), bytes.size(), path);
}

}  // namespace chatterbox
