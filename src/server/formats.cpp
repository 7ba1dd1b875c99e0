#include "server/formats.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "app/raw_samples.h"
#include "server/time_scale.h"

namespace chatterbox::server {
namespace {

// OpenAI's names but aac, which the library does not encode.
constexpr std::array<ResponseFormat, 5> kFormats = {{{"mp3", "audio/mpeg", AudioFormat::kMp3},
                                                     {"opus", "audio/ogg", AudioFormat::kOpus},
                                                     {"flac", "audio/flac", AudioFormat::kFlac},
                                                     {"wav", "audio/wav", AudioFormat::kWav},
                                                     {"pcm", "audio/pcm", AudioFormat::kAuto}}};

AudioWriter make_writer(const ResponseFormat& format, std::string& bytes) {
  AudioWriter::Sink sink = [&bytes](const void* data, size_t size) {
    bytes.append(static_cast<const char*>(data), size);
    return true;
  };
  if (format.file != AudioFormat::kAuto) return {std::move(sink), format.file};
  return {app::without_header(std::move(sink)), AudioFormat::kWav};
}

}  // namespace

const ResponseFormat* find_format(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [name](const ResponseFormat& f) { return f.name == name; });
  return found == kFormats.end() ? nullptr : found;
}

std::string format_names() {
  std::string names;
  for (const ResponseFormat& format : kFormats) {
    names.append(names.empty() ? "" : ", ").append(format.name);
  }
  return names;
}

SpeechEncoder::SpeechEncoder(const ResponseFormat& format, double speed)
    : scale_(speed == 1 ? nullptr : std::make_unique<TimeScale>(speed)),
      writer_(make_writer(format, bytes_)) {}
SpeechEncoder::~SpeechEncoder() = default;

std::string SpeechEncoder::encode(Samples samples) {
  if (scale_) {
    writer_.write([&] {
      const std::vector<float>& scaled = scale_->scale(samples);
      return Samples{scaled.data(), scaled.size()};
    }());
  } else {
    writer_.write(samples);
  }
  return std::exchange(bytes_, {});
}

std::string SpeechEncoder::finish() {
  if (scale_) {
    const std::vector<float>& rest = scale_->finish();
    writer_.write({rest.data(), rest.size()});
  }
  writer_.finish();
  return std::exchange(bytes_, {});
}

}  // namespace chatterbox::server
