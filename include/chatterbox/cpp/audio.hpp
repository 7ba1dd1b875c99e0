// Audio and its files. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_AUDIO_HPP
#define CHATTERBOX_CPP_AUDIO_HPP

#include <chatterbox/cpp/bytes.hpp>
#include <chatterbox/cpp/core.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chatterbox {
inline namespace abi1 {

// Interleaved samples, nominally in [-1, 1]. Immutable; copies share the samples.
class Audio {
 public:
  Audio() = default;  // without samples
  // Samples of the caller's, moved in: `channels` for each frame, else kInvalidArgument.
  explicit Audio(std::vector<float> samples, int32_t sample_rate = 24000, int32_t channels = 1);
  // Samples that the pointer keeps alive: `frames` times `channels` of them.
  Audio(std::shared_ptr<const float> samples, size_t frames, int32_t sample_rate = 24000,
        int32_t channels = 1) noexcept
      : samples_(std::move(samples)),
        frames_(frames),
        sample_rate_(sample_rate),
        channels_(channels) {}
  // Takes over a handle of the C interface.
  explicit Audio(chatterbox_audio* handle)
      : Audio({std::shared_ptr<chatterbox_audio>(handle, chatterbox_audio_destroy),
               chatterbox_audio_samples(handle)},
              static_cast<size_t>(chatterbox_audio_frame_count(handle)),
              chatterbox_audio_sample_rate(handle), chatterbox_audio_channels(handle)) {}
  // The caller's own memory, `frames` times `channels` samples: it must outlive what is returned
  // and all copies of that, and stay as it is meanwhile.
  [[nodiscard]] static Audio view(const float* samples, size_t frames, int32_t sample_rate = 24000,
                                  int32_t channels = 1) noexcept {
    return {{std::shared_ptr<const float>(), samples}, frames, sample_rate, channels};
  }

  // Interleaved. Valid as long as any copy exists.
  [[nodiscard]] Samples samples() const noexcept {
    return {samples_.get(), channels_ > 0 ? frames() * static_cast<size_t>(channels_) : 0};
  }
  [[nodiscard]] size_t frames() const noexcept { return samples_ != nullptr ? frames_ : 0; }
  [[nodiscard]] int32_t sample_rate() const noexcept { return sample_rate_; }  // Hz
  [[nodiscard]] int32_t channels() const noexcept { return channels_; }

 private:
  std::shared_ptr<const float> samples_;  // null if there are none
  size_t frames_ = 0;
  int32_t sample_rate_ = 24000;
  int32_t channels_ = 1;
};

enum class AudioFormat : int32_t {
  kAuto = CHATTERBOX_FORMAT_AUTO,  // by the file name's extension
  kWav = CHATTERBOX_FORMAT_WAV,
  kFlac = CHATTERBOX_FORMAT_FLAC,
  kVorbis = CHATTERBOX_FORMAT_VORBIS,
  kOpus = CHATTERBOX_FORMAT_OPUS,
  kMp3 = CHATTERBOX_FORMAT_MP3,
};

inline Audio::Audio(std::vector<float> samples, int32_t sample_rate, int32_t channels)
    : sample_rate_(sample_rate), channels_(channels) {
  if (channels < 1) return;  // the functions that take audio say so
  frames_ = samples.size() / static_cast<size_t>(channels);
  if (frames_ * static_cast<size_t>(channels) != samples.size()) {
    throw Error(Status::kInvalidArgument, std::to_string(samples.size()) +
                                              " samples are not whole frames of " +
                                              std::to_string(channels) + " channels");
  }
  const auto owner = std::make_shared<const std::vector<float>>(std::move(samples));
  samples_ = {owner, owner->data()};
}

// Like chatterbox_audio_read() and so on, whose comments say what they accept and refuse.
[[nodiscard]] inline Audio read_audio(const std::string& path) {
  chatterbox_audio* audio = nullptr;
  detail::check(chatterbox_audio_read(detail::c_string("path", path), &audio));
  return Audio(audio);
}
[[nodiscard]] inline Audio decode_audio(const void* data, size_t size) {
  chatterbox_audio* audio = nullptr;
  detail::check(chatterbox_audio_decode(data, size, &audio));
  return Audio(audio);
}
inline void write_audio(const std::string& path, const Audio& audio,
                        AudioFormat format = AudioFormat::kAuto) {
  detail::check(chatterbox_audio_write(detail::c_string("path", path), static_cast<int32_t>(format),
                                       audio.samples().data(), audio.frames(), audio.channels(),
                                       audio.sample_rate()));
}
inline void write_audio(const std::string& path, Samples mono, int32_t sample_rate,
                        AudioFormat format = AudioFormat::kAuto) {
  detail::check(chatterbox_audio_write(detail::c_string("path", path), static_cast<int32_t>(format),
                                       mono.data(), mono.size(), 1, sample_rate));
}
[[nodiscard]] inline Bytes encode_audio(const Audio& audio, AudioFormat format) {
  chatterbox_buffer* buffer = nullptr;
  detail::check(chatterbox_audio_encode(static_cast<int32_t>(format), audio.samples().data(),
                                        audio.frames(), audio.channels(), audio.sample_rate(),
                                        &buffer));
  return Bytes(buffer);
}

// Writes an audio file as samples come. Wherever they end, what was written is a complete file.
// Only one thread at a time may use a writer.
class AudioWriter {
 public:
  explicit AudioWriter(const std::string& path, AudioFormat format = AudioFormat::kAuto,
                       int32_t channels = 1, int32_t sample_rate = 24000)
      : writer_(make([&](chatterbox_audio_writer** writer) {
          return chatterbox_audio_writer_create(detail::c_string("path", path),
                                                static_cast<int32_t>(format), channels, sample_rate,
                                                writer);
        })) {}
  // Writes to a function, for pipes and sockets: no byte is rewritten, so a WAV file's header does
  // not give the size. If the function returns false or throws, the writer fails with kIo. `format`
  // must not be kAuto.
  using Sink = std::function<bool(const void* data, size_t size)>;
  AudioWriter(Sink sink, AudioFormat format, int32_t channels = 1, int32_t sample_rate = 24000)
      : sink_(std::make_unique<OwnSink>(OwnSink{std::move(sink), {}})),
        writer_(make([&](chatterbox_audio_writer** writer) {
          return chatterbox_audio_writer_create_for_callback(
              sink_->take ? &AudioWriter::call_sink : nullptr, sink_.get(),
              static_cast<int32_t>(format), channels, sample_rate, writer);
        })) {}

  AudioWriter(AudioWriter&&) noexcept = default;
  AudioWriter& operator=(AudioWriter&&) = delete;  // would free the sink before the writer
  ~AudioWriter() = default;

  void write(const float* samples, size_t frames) {
    check(chatterbox_audio_writer_write(writer_.get(), samples, frames));
  }
  void write(Samples mono) { write(mono.data(), mono.size()); }
  // A second call does nothing.
  void finish() { check(chatterbox_audio_writer_finish(writer_.get())); }

 private:
  using Writer = detail::Owned<chatterbox_audio_writer, chatterbox_audio_writer_destroy>;

  template <class Make>
  [[nodiscard]] static Writer make(Make&& call) {
    return detail::make<chatterbox_audio_writer, chatterbox_audio_writer_destroy>(
        std::forward<Make>(call));
  }
  struct OwnSink {
    Sink take;
    std::string thrown;
  };
  static int32_t call_sink(const void* data, uint64_t size, void* user_data) noexcept {
    auto& sink = *static_cast<OwnSink*>(user_data);
    bool taken = false;
    const bool returned = detail::no_throw(
        "the sink", sink.thrown, [&] { taken = sink.take(data, static_cast<size_t>(size)); });
    return returned && taken ? 0 : 1;
  }

  void check(chatterbox_status status) const {
    if (status == CHATTERBOX_STATUS_IO && sink_ && !sink_->thrown.empty()) {
      throw Error(Status::kIo, sink_->thrown);
    }
    detail::check(status);
  }

  std::unique_ptr<OwnSink> sink_;  // outlives the writer, and does not move when this object does
  Writer writer_;
};

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_AUDIO_HPP
