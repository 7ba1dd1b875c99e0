// A WAV file that is written while the speech is still being made.
#pragma once

#include <cstdint>
#include <fstream>
#include <ostream>
#include <string>

namespace chatterbox::cli {

// 24 kHz, mono, 16 bit. The first samples replace what is there. What was written stays, and is a
// whole file, wherever the speech ends; on standard output ("-"), and in a pipe, its header tells
// no size. Throws kIo where it cannot be written.
class WavStream {
 public:
  explicit WavStream(std::string path);
  ~WavStream();  // finish(), without errors
  WavStream(const WavStream&) = delete;
  WavStream& operator=(const WavStream&) = delete;

  void write(const float* samples, size_t count);
  void finish();
  [[nodiscard]] double seconds() const;

 private:
  void begin();
  void check() const;

  const std::string path_;
  std::ofstream file_;
  std::ostream* out_ = nullptr;  // nothing: not begun
  bool rewinds_ = false;         // so that the header can be written again
  size_t samples_ = 0;
  bool finished_ = false;
};

}  // namespace chatterbox::cli
