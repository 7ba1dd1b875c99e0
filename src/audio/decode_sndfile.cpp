#include <algorithm>
#include <cstdint>
#include <cstring>

#include "audio/decode.h"
#include "audio/sndfile_handle.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

constexpr size_t kBlockFrames = size_t{1} << 15U;

// Reads the bytes of a file in memory.
class Input final : public VirtualFile {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  size_t size() override { return bytes_.size(); }
  size_t read(void* data, size_t count) override {
    if (position() >= bytes_.size()) return 0;
    const std::string_view read = bytes_.substr(position(), count);
    std::memcpy(data, read.data(), read.size());
    return read.size();
  }

 private:
  std::string_view bytes_;
};

bool is_known(int format) {
  switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_FLAC:
      return true;
    case SF_FORMAT_OGG: {
      const int codec = format & SF_FORMAT_SUBMASK;
      return codec == SF_FORMAT_VORBIS || codec == SF_FORMAT_OPUS;
    }
    default:
      return false;
  }
}

std::vector<float> read_all(SNDFILE* file, const SF_INFO& info, const std::string& name,
                            size_t max_samples) {
  const auto channels = static_cast<size_t>(info.channels);
  std::vector<float> samples;
  for (;;) {
    const size_t before = samples.size();
    samples.resize(before + kBlockFrames * channels);
    const sf_count_t frames = sf_readf_float(file, &samples[before], kBlockFrames);
    samples.resize(before + static_cast<size_t>(frames) * channels);
    check_samples(samples.size(), max_samples, name);
    if (frames == 0) return samples;
  }
}

}  // namespace

Audio decode_with_sndfile(std::string_view bytes, const std::string& name, size_t max_samples) {
  Input input(bytes);
  SF_INFO info{};
  const SndfileHandle file = open_sndfile(input, SFM_READ, info);
  if (!file.handle) fail(Status::kBadAudio, "{}: cannot be decoded: {}", name, file.error);
  if (!is_known(info.format)) {
    fail(Status::kBadAudio, "{}: must hold FLAC, Vorbis or Opus", name);
  }
  check_shape(info.channels, info.samplerate, name);
  const auto channels = static_cast<size_t>(info.channels);
  // Both formats may say that they do not know; libsndfile makes the largest number of it.
  const bool is_length_known = info.frames != SF_COUNT_MAX;
  if (is_length_known && info.frames > 0) {
    // Before anything is decoded. No product is beyond what size_t holds.
    const size_t frames = std::min(static_cast<size_t>(info.frames), SIZE_MAX / channels);
    check_samples(frames * channels, max_samples, name);
  }
  Audio audio{read_all(file.handle.get(), info, name, max_samples), info.samplerate, info.channels};
  const size_t frames = audio.samples.size() / channels;
  if (sf_error(file.handle.get()) != SF_ERR_NO_ERROR) {
    fail(Status::kBadAudio, "{}: truncated or damaged after {} frames: {}", name, frames,
         sf_strerror(file.handle.get()));
  }
  const bool is_flac = (info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC;
  if (is_flac && is_length_known && static_cast<sf_count_t>(frames) != info.frames) {
    fail(Status::kBadAudio, "{}: truncated, should have {} frames, {} are there", name, info.frames,
         frames);
  }
  if (frames == 0) fail(Status::kBadAudio, "{}: has no samples", name);
  return audio;
}

}  // namespace chatterbox::audio
