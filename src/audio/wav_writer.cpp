#include <algorithm>
#include <cmath>

#include "audio/encode.h"
#include "audio/wav.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

constexpr size_t kHeader = 44;  // RIFF, fmt and the start of the data chunk
constexpr size_t kMaxDataBytes = kMaxFileBytes - kHeader;

template <class T>
void append(std::string& bytes, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> 8U * i & 0xFFU);
}

// The sizes in the header follow what is there, so that the file is whole at every moment.
class WavEncoder final : public Encoder {
 public:
  WavEncoder(Output& output, const Shape& shape) : output_(output), shape_(shape) {}

  void write(const float* samples, size_t count) override {
    const std::string bytes = encode_wav_samples(samples, count, samples_);
    if (samples_ == 0) output_.append(header());
    output_.append(bytes);
    samples_ += count;
    if (output_.rewrites()) output_.rewrite(0, header());
  }
  void finish() override {}

 private:
  [[nodiscard]] std::string header() const {
    // Whole frames, of as many bytes as 32 bits can tell.
    const size_t frame = sizeof(int16_t) * static_cast<size_t>(shape_.channels);
    const size_t bytes = std::min(samples_ * sizeof(int16_t), (kMaxDataBytes - 1) / frame * frame);
    return encode_wav_header(shape_.channels, shape_.sample_rate,
                             output_.rewrites() ? static_cast<uint32_t>(bytes) : kUnknownWavSize);
  }

  Output& output_;
  const Shape shape_;
  size_t samples_ = 0;
};

}  // namespace

// Rounded to 32 bits, of which the upper 16 stay. That rounds down, and gives back exactly what
// 16-bit PCM was read from.
int16_t to_int16(float sample, size_t index) {
  if (std::isnan(sample)) fail(Status::kInvalidArgument, "sample {} is not a number", index);
  constexpr double kScale = 2147483648.0;
  const double scaled = std::nearbyint(static_cast<double>(sample) * kScale);
  return static_cast<int16_t>(std::floor(std::clamp(scaled, -kScale, kScale - 1) / 65536));
}

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
  constexpr size_t kMaxWritten = kMaxDataBytes / sizeof(int16_t);
  if (audio.samples.size() > kMaxWritten) {
    fail(Status::kInvalidArgument, "a WAV file must have at most {} samples, got {}", kMaxWritten,
         audio.samples.size());
  }
  const auto data_bytes = static_cast<uint32_t>(audio.samples.size() * sizeof(int16_t));
  return encode_wav_header(audio.channels, audio.sample_rate, data_bytes) +
         encode_wav_samples(audio.samples.data(), audio.samples.size());
}

std::unique_ptr<Encoder> make_wav_encoder(Output& output, const Shape& shape) {
  return std::make_unique<WavEncoder>(output, shape);
}

}  // namespace chatterbox::audio
