#include <mpg123.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#include "audio/decode.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

constexpr size_t kBlockFrames = size_t{1} << 15U;
// Of samples: how many fewer than an Info frame tells are no sign of a truncated file. Encoders
// count that frame itself or not, and the last one.
constexpr size_t kSpareFrames = size_t{2} * 1152;

struct Close {
  void operator()(mpg123_handle* decoder) const { mpg123_delete(decoder); }
};
using Decoder = std::unique_ptr<mpg123_handle, Close>;

ssize_t read_bytes(void* input, void* data, size_t count) {
  auto& rest = *static_cast<std::string_view*>(input);
  count = std::min(count, rest.size());
  std::memcpy(data, rest.data(), count);
  rest.remove_prefix(count);
  return static_cast<ssize_t>(count);
}

// What cannot seek is not searched for its length, so that mpg123_length() does not guess: it is
// what the Info frame tells.
off_t refuse_to_seek(void* /*input*/, off_t /*offset*/, int /*whence*/) { return -1; }

Decoder open(std::string_view& input, const std::string& name) {
  static const int status = mpg123_init();
  int error = status;
  Decoder decoder(error == MPG123_OK ? mpg123_new(nullptr, &error) : nullptr);
  if (!decoder) fail(Status::kInternal, "libmpg123: {}", mpg123_plain_strerror(error));
  mpg123_handle* handle = decoder.get();
  mpg123_param(handle, MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE, 0);
  mpg123_param(handle, MPG123_ADD_FLAGS,
               MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_GAPLESS | MPG123_NO_FRANKENSTEIN |
                   MPG123_SKIP_ID3V2,
               0);
  mpg123_replace_reader_handle(handle, read_bytes, refuse_to_seek, nullptr);
  if (mpg123_open_handle(handle, &input) != MPG123_OK) {
    fail(Status::kBadAudio, "{}: cannot be decoded: {}", name, mpg123_strerror(handle));
  }
  return decoder;
}

Audio begin(mpg123_handle* decoder, const std::string& name) {
  long rate = 0;  // NOLINT(google-runtime-int): libmpg123's
  int channels = 0;
  int encoding = 0;
  if (mpg123_getformat(decoder, &rate, &channels, &encoding) != MPG123_OK ||
      encoding != MPG123_ENC_FLOAT_32) {
    fail(Status::kBadAudio, "{}: cannot be decoded: no MP3 frames: {}", name,
         mpg123_strerror(decoder));
  }
  check_shape(channels, rate, name);
  return {{}, static_cast<int32_t>(rate), channels};
}

void read_all(mpg123_handle* decoder, const std::string& name, size_t max_samples, Audio& audio) {
  std::vector<float>& samples = audio.samples;
  const size_t block = kBlockFrames * static_cast<size_t>(audio.channels);
  for (int status = MPG123_OK; status != MPG123_DONE;) {
    const size_t before = samples.size();
    samples.resize(before + block);
    size_t bytes = 0;
    status = mpg123_read(decoder, reinterpret_cast<unsigned char*>(&samples[before]),
                         block * sizeof(float), &bytes);
    samples.resize(before + bytes / sizeof(float));
    if (status != MPG123_OK && status != MPG123_DONE) {
      fail(Status::kBadAudio, "{}: truncated or damaged after {} frames: {}", name,
           samples.size() / static_cast<size_t>(audio.channels),
           status == MPG123_ERR ? mpg123_strerror(decoder) : mpg123_plain_strerror(status));
    }
    check_samples(samples.size(), max_samples, name);
  }
}

}  // namespace

Audio decode_mp3(std::string_view file, const std::string& name, size_t max_samples) {
  std::string_view input = file;
  const Decoder decoder = open(input, name);
  Audio audio = begin(decoder.get(), name);
  const off_t told = mpg123_length(decoder.get());
  const auto channels = static_cast<size_t>(audio.channels);
  const auto expected = static_cast<size_t>(std::max<off_t>(told, 0));
  check_samples(std::min(expected, SIZE_MAX / channels) * channels, max_samples, name);
  read_all(decoder.get(), name, max_samples, audio);
  const size_t frames = audio.samples.size() / channels;
  if (frames + kSpareFrames < expected) {
    fail(Status::kBadAudio, "{}: truncated, should have {} frames, {} are there", name, expected,
         frames);
  }
  if (frames == 0) fail(Status::kBadAudio, "{}: has no samples", name);
  return audio;
}

}  // namespace chatterbox::audio
