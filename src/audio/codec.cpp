#include "audio/codec.h"

#include <algorithm>
#include <array>

#include "audio/decode.h"
#include "audio/encode.h"
#include "audio/sniff.h"
#include "audio/wav.h"
#include "support/error.h"
#include "support/file_io.h"

namespace chatterbox::audio {
namespace {

struct Ending {
  std::string_view text;
  AudioFormat format;
};
constexpr std::array<Ending, 6> kEndings = {{{".wav", AudioFormat::kWav},
                                             {".flac", AudioFormat::kFlac},
                                             {".ogg", AudioFormat::kVorbis},
                                             {".oga", AudioFormat::kVorbis},
                                             {".opus", AudioFormat::kOpus},
                                             {".mp3", AudioFormat::kMp3}}};

bool ends_with(const std::string& path, std::string_view ending) {
  const auto same = [](char a, char lower) {
    return a == lower || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == lower);
  };
  return path.size() > ending.size() &&
         std::equal(ending.rbegin(), ending.rend(), path.rbegin(),
                    [&](char lower, char a) { return same(a, lower); });
}

[[noreturn]] void fail_unknown(std::string_view start, const std::string& name) {
  fail(Status::kBadAudio, "{}: not a WAV, FLAC, Ogg Vorbis, Opus or MP3 file (starts with {})",
       name, quote(start));
}

}  // namespace

const char* name_of(AudioFormat format) {
  switch (format) {
    case AudioFormat::kAuto:
      return "by the name's ending";
    case AudioFormat::kWav:
      return "WAV";
    case AudioFormat::kFlac:
      return "FLAC";
    case AudioFormat::kVorbis:
      return "Ogg Vorbis";
    case AudioFormat::kOpus:
      return "Opus";
    case AudioFormat::kMp3:
      return "MP3";
  }
  return "unknown";
}

AudioFormat format_of(const std::string& path) {
  const auto* const found =
      std::find_if(kEndings.begin(), kEndings.end(),
                   [&](const Ending& ending) { return ends_with(path, ending.text); });
  if (found != kEndings.end()) return found->format;
  std::array<std::string_view, kEndings.size()> endings;
  std::transform(kEndings.begin(), kEndings.end(), endings.begin(),
                 [](const Ending& ending) { return ending.text; });
  fail(Status::kInvalidArgument, "{}: the name of an audio file must end in one of {}", path,
       fmt::join(endings, ", "));
}

bool is_audio(std::string_view start) { return sniff(start) != FileKind::kUnknown; }

Audio decode_audio(const void* data, size_t size, const std::string& name, size_t max_samples) {
  const std::string_view file(static_cast<const char*>(data), size);
  switch (sniff(file)) {
    case FileKind::kWav:
      return parse_wav(data, size, name, max_samples);
    case FileKind::kOgg:
      check_ogg_pages(file, name);
      [[fallthrough]];
    case FileKind::kFlac:
      return decode_with_sndfile(file, name, max_samples);
    case FileKind::kMp3:
      return decode_mp3(file, name, max_samples);
    case FileKind::kUnknown:
      break;
  }
  fail_unknown(file, name);
}

Audio read_audio(const std::string& path, size_t max_samples) {
  const std::string bytes = read_file(path, kMaxFileBytes, [&path](std::string_view start) {
    if (!is_audio(start)) fail_unknown(start, path);
  });
  return decode_audio(bytes.data(), bytes.size(), path, max_samples);
}

void write_audio(const std::string& path, const Audio& audio, AudioFormat format) {
  write_file(path, encode_audio(audio, format == AudioFormat::kAuto ? format_of(path) : format));
}

void check_shape(int64_t channels, int64_t sample_rate, const std::string& name) {
  if (channels < 1 || channels > kMaxChannels) {
    fail(Status::kBadAudio, "{}: must have 1 to {} channels, got {}", name, kMaxChannels, channels);
  }
  if (sample_rate < kMinSampleRate || sample_rate > kMaxSampleRate) {
    fail(Status::kBadAudio, "{}: the sample rate must be in [{}, {}] Hz, got {}", name,
         kMinSampleRate, kMaxSampleRate, sample_rate);
  }
}

void check_samples(size_t samples, size_t max_samples, const std::string& name) {
  if (samples <= max_samples) return;
  fail(Status::kBadAudio, "{}: must have at most {} samples in all channels, has at least {}", name,
       max_samples, samples);
}

}  // namespace chatterbox::audio
