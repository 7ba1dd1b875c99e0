#include "audio/encode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "audio/wav.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

constexpr std::array<int32_t, 5> kOpusRates = {8000, 12000, 16000, 24000, 48000};
constexpr std::array<int32_t, 9> kMp3Rates = {8000,  11025, 12000, 16000, 22050,
                                              24000, 32000, 44100, 48000};

class MemoryOutput final : public Output {
 public:
  void append(std::string_view bytes) override { bytes_ += bytes; }
  [[nodiscard]] bool rewrites() const override { return true; }
  void rewrite(size_t offset, std::string_view bytes) override {
    bytes_.replace(offset, bytes.size(), bytes);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// libsndfile makes surround sound of more channels in Opus, one of them for the lowest tones only.
int32_t max_channels(AudioFormat format) {
  return format == AudioFormat::kOpus || format == AudioFormat::kMp3 ? 2 : kMaxChannels;
}

template <size_t kCount>
void check_listed(const Shape& shape, const std::array<int32_t, kCount>& rates) {
  if (std::find(rates.begin(), rates.end(), shape.sample_rate) != rates.end()) return;
  fail(Status::kInvalidArgument, "the sample rate of {} must be one of {} Hz, got {}",
       name_of(shape.format), fmt::join(rates, ", "), shape.sample_rate);
}

void check_rate(const Shape& shape) {
  if (shape.format == AudioFormat::kOpus) return check_listed(shape, kOpusRates);
  if (shape.format == AudioFormat::kMp3) return check_listed(shape, kMp3Rates);
  if (shape.sample_rate < kMinSampleRate || shape.sample_rate > kMaxSampleRate) {
    fail(Status::kInvalidArgument, "the sample rate of {} must be in [{}, {}] Hz, got {}",
         name_of(shape.format), kMinSampleRate, kMaxSampleRate, shape.sample_rate);
  }
  // A frame's header has 16 bits for a rate, in Hz or in tens of them.
  if (shape.format == AudioFormat::kFlac && shape.sample_rate > UINT16_MAX &&
      shape.sample_rate % 10 != 0) {
    fail(Status::kInvalidArgument,
         "the sample rate of FLAC must be a multiple of 10 Hz above {} Hz, got {}", UINT16_MAX,
         shape.sample_rate);
  }
}

}  // namespace

void check_encodable(const Shape& shape) {
  if (shape.format < AudioFormat::kWav || shape.format > AudioFormat::kMp3) {
    fail(Status::kInvalidArgument, "the format of audio must be in [1, 5] here, got {}",
         static_cast<int32_t>(shape.format));
  }
  const int32_t most = max_channels(shape.format);
  if (shape.channels < 1 || shape.channels > most) {
    fail(Status::kInvalidArgument, "{} must have 1 to {} channels, got {}", name_of(shape.format),
         most, shape.channels);
  }
  check_rate(shape);
}

void check_numbers(const float* samples, size_t count, size_t first) {
  const float* const end = samples + count;
  const float* const bad =
      std::find_if(samples, end, [](float sample) { return std::isnan(sample); });
  if (bad == end) return;
  fail(Status::kInvalidArgument, "sample {} is not a number",
       first + static_cast<size_t>(bad - samples));
}

std::unique_ptr<Encoder> make_encoder(Output& output, const Shape& shape, bool is_live) {
  check_encodable(shape);
  return shape.format == AudioFormat::kWav ? make_wav_encoder(output, shape)
                                           : make_sndfile_encoder(output, shape, is_live);
}

std::string encode_audio(const Audio& audio, AudioFormat format) {
  const Shape shape{format, audio.sample_rate, audio.channels};
  check_encodable(shape);
  if (audio.samples.empty()) {
    fail(Status::kInvalidArgument, "audio must have at least one frame, got none");
  }
  if (audio.samples.size() % static_cast<size_t>(audio.channels) != 0) {
    fail(Status::kInvalidArgument, "audio of {} channels cannot have {} samples", audio.channels,
         audio.samples.size());
  }
  check_numbers(audio.samples.data(), audio.samples.size(), 0);
  if (format == AudioFormat::kWav) return encode_wav(audio);
  MemoryOutput output;
  const std::unique_ptr<Encoder> encoder = make_encoder(output, shape, /*is_live=*/false);
  encoder->write(audio.samples.data(), audio.samples.size());
  encoder->finish();
  return output.take();
}

}  // namespace chatterbox::audio
