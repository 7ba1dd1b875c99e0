// A file of audio that is written while the sound is still being made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "audio/encode.h"

namespace chatterbox::audio {

// Takes a file's bytes in order, as a pipe does. False: they cannot be taken.
using ByteSink = std::function<bool(const void* bytes, size_t count)>;

// Wherever the sound ends, what was written stays and is a whole file. Without samples nothing is
// written: a file appears, and replaces what is there, with the first ones.
//
// In a sink, a pipe or a device the first bytes are gone when the end is known: the header of WAV
// and FLAC then tells no length, and an MP3 begins with the encoder's delay (1105 frames of
// silence) and ends with an MPEG frame.
//
// Of the sound that was written, an encoder holds back some: FLAC, Opus and MP3 up to 0.3 s, Vorbis
// about a second. After kIo it stays kIo. For one thread at a time.
class AudioWriter {
 public:
  // kInvalidArgument as write_audio(); nothing is opened yet.
  explicit AudioWriter(const std::string& path, int32_t sample_rate, int32_t channels = 1,
                       AudioFormat format = AudioFormat::kAuto);
  // The sink is called in write(), finish() and the destructor. `format`: not kAuto.
  AudioWriter(ByteSink sink, int32_t sample_rate, int32_t channels, AudioFormat format);
  ~AudioWriter();  // finish(), without errors
  AudioWriter(const AudioWriter&) = delete;
  AudioWriter& operator=(const AudioWriter&) = delete;

  // Interleaved; beyond [-1, 1] they are clipped. kIo, or kInvalidArgument: NaN (then none of
  // them are written), or after finish().
  void write(const float* samples, size_t frames);
  // kIo. Again does nothing.
  void finish();
  [[nodiscard]] size_t frames() const { return frames_; }  // so far

 private:
  void check_whole() const;

  Shape shape_;
  std::function<std::unique_ptr<Output>()> open_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<Encoder> encoder_;  // null: not begun
  size_t frames_ = 0;
  bool finished_ = false;
  bool is_broken_ = false;
};

}  // namespace chatterbox::audio
