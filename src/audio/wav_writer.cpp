#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "audio/wav.h"
#include "audio/wav_limits.h"
#include "support/error.h"

namespace chatterbox {
namespace audio {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHeader = 44;  // RIFF, fmt and the start of the data chunk

template <class T>
void append(std::string& bytes, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> 8U * i & 0xFFU);
}

void check(const Audio& audio) {
  if (audio.channels < 1 || audio.channels > kMostWavChannels) {
    fail(Status::kInvalidArgument, "a WAV file must have 1 to {} channels, got {}",
         kMostWavChannels, audio.channels);
  }
  if (audio.sample_rate < kLeastWavRate || audio.sample_rate > kMostWavRate) {
    fail(Status::kInvalidArgument, "the sample rate of a WAV file must be in [{}, {}] Hz, got {}",
         kLeastWavRate, kMostWavRate, audio.sample_rate);
  }
  if (audio.samples.size() % static_cast<size_t>(audio.channels) != 0) {
    fail(Status::kInvalidArgument, "audio of {} channels cannot have {} samples", audio.channels,
         audio.samples.size());
  }
  constexpr size_t kMostSamples = (kMostWavBytes - kHeader) / sizeof(int16_t);
  if (audio.samples.size() > kMostSamples) {
    fail(Status::kInvalidArgument, "a WAV file must have at most {} samples, got {}", kMostSamples,
         audio.samples.size());
  }
}

// As soundfile (libsndfile with clipping): rounded to 32 bits, of which the upper 16 stay. That
// rounds down, and gives back exactly what 16-bit PCM was read from.
int16_t to_int16(float sample, size_t index) {
  if (std::isnan(sample)) fail(Status::kInvalidArgument, "sample {} is not a number", index);
  constexpr double kScale = 2147483648.0;
  const double scaled = std::nearbyint(static_cast<double>(sample) * kScale);
  return static_cast<int16_t>(std::floor(std::clamp(scaled, -kScale, kScale - 1) / 65536));
}

// A file that has its name only when it is complete.
class PendingFile {
 public:
  explicit PendingFile(const fs::path& target) : target_(target) {
    static std::atomic<unsigned> count{0};
    path_ = target;
    path_ += fmt::format(".{}-{}.tmp", getpid(), count++);
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0) fail_with_errno();
  }
  ~PendingFile() {
    if (file_ >= 0) close(file_);
    if (!complete_) unlink(path_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(std::string_view bytes) const { write_all(file_, bytes, target_); }

  void finish() {
    const int file = std::exchange(file_, -1);
    if (close(file) != 0 || rename(path_.c_str(), target_.c_str()) != 0) fail_with_errno();
    complete_ = true;
  }

  static void write_all(int file, std::string_view bytes, const fs::path& name) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) fail_to_write(name);
      if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

  [[noreturn]] static void fail_to_write(const fs::path& name) {
    const int error = errno;
    fail(Status::kIo, "{}: cannot be written: {}", name.string(),
         std::generic_category().message(error));
  }

 private:
  [[noreturn]] void fail_with_errno() const { fail_to_write(target_); }

  fs::path target_, path_;
  int file_ = -1;
  bool complete_ = false;
};

// A device or a pipe must not be replaced by a file.
void write_to_special(const fs::path& path, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) PendingFile::fail_to_write(path);
  try {
    PendingFile::write_all(file, bytes, path);
  } catch (...) {
    close(file);
    throw;
  }
  if (close(file) != 0) PendingFile::fail_to_write(path);
}

}  // namespace

std::string encode_wav_header(int32_t channels, int32_t sample_rate, uint32_t data_bytes) {
  const auto rate = static_cast<uint32_t>(sample_rate);
  const uint32_t frame_bytes =
      static_cast<uint32_t>(channels) * static_cast<uint32_t>(sizeof(int16_t));
  const bool known = data_bytes != kUnknownWavSize;
  std::string bytes = "RIFF";
  append(bytes, known ? static_cast<uint32_t>(kHeader - 8 + data_bytes) : kUnknownWavSize);
  bytes += "WAVEfmt ";
  append<uint32_t>(bytes, 16);
  append(bytes, kWavPcm);
  append(bytes, static_cast<uint16_t>(channels));
  append(bytes, rate);
  append(bytes, rate * frame_bytes);
  append(bytes, static_cast<uint16_t>(frame_bytes));
  append<uint16_t>(bytes, 16);
  bytes += "data";
  append(bytes, data_bytes);
  return bytes;
}

std::string encode_wav_samples(const float* samples, size_t count, size_t first) {
  std::string bytes;
  bytes.reserve(count * sizeof(int16_t));
  for (size_t i = 0; i < count; ++i) {
    append(bytes, static_cast<uint16_t>(to_int16(samples[i], first + i)));
  }
  return bytes;
}

std::string encode_wav(const Audio& audio) {
  check(audio);
  const auto data_bytes = static_cast<uint32_t>(audio.samples.size() * sizeof(int16_t));
  return encode_wav_header(audio.channels, audio.sample_rate, data_bytes) +
         encode_wav_samples(audio.samples.data(), audio.samples.size());
}

}  // namespace audio

void write_wav(const std::string& path, const Audio& audio) {
  namespace fs = std::filesystem;
  const std::string bytes = audio::encode_wav(audio);
  std::error_code ignored;
  const fs::path resolved = fs::canonical(path, ignored);  // behind links; empty: a new file
  const fs::path target = resolved.empty() ? fs::path(path) : resolved;
  if (fs::is_other(target, ignored)) return audio::write_to_special(target, bytes);
  audio::PendingFile file(target);
  file.write(bytes);
  file.finish();
}

}  // namespace chatterbox
