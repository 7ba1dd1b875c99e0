// The encoders behind encode_audio() and AudioWriter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "audio/codec.h"

namespace chatterbox::audio {

// Where an encoder puts the bytes of a file.
class Output {
 public:
  virtual ~Output() = default;
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  virtual void append(std::string_view bytes) = 0;
  // Whether what was appended can still be changed. In a pipe it is gone.
  [[nodiscard]] virtual bool rewrites() const = 0;
  virtual void rewrite(size_t offset, std::string_view bytes) = 0;
  virtual void close() {}  // nothing follows
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Interleaved, `count` in all channels: whole frames, at least one, without NaN. What is beyond
  // [-1, 1] is clipped.
  virtual void write(const float* samples, size_t count) = 0;
  virtual void finish() = 0;  // once; nothing may follow
};

struct Shape {
  AudioFormat format = AudioFormat::kWav;  // not kAuto
  int32_t sample_rate = 24000;
  int32_t channels = 1;
};

// kInvalidArgument where the format has no such rate or number of channels.
void check_encodable(const Shape& shape);

// kInvalidArgument: NaN. `first` is the index of samples[0] in messages.
void check_numbers(const float* samples, size_t count, size_t first);

// `output` must outlive the encoder. Nothing is put there before the first samples. `is_live`:
// somebody listens while it grows, so the encoder holds back less.
[[nodiscard]] std::unique_ptr<Encoder> make_encoder(Output& output, const Shape& shape,
                                                    bool is_live);
[[nodiscard]] std::unique_ptr<Encoder> make_wav_encoder(Output& output, const Shape& shape);
[[nodiscard]] std::unique_ptr<Encoder> make_sndfile_encoder(Output& output, const Shape& shape,
                                                            bool is_live);

}  // namespace chatterbox::audio
