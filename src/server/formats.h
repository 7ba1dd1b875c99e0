// The formats of answers, and speech on its way into one.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace chatterbox::server {

struct ResponseFormat {
  std::string_view name;  // as response_format
  std::string_view content_type;
  AudioFormat file;  // kAuto: the samples alone, 16 bits, little-endian
};

// Nothing where there is no such format.
[[nodiscard]] const ResponseFormat* find_format(std::string_view name);
// "mp3, opus, ...".
[[nodiscard]] std::string format_names();

class TimeScale;

// Turns samples into bytes of the format as they come, mono, 24 kHz.
class SpeechEncoder {
 public:
  // `speed`: 0.25 to 4, with the same pitch.
  SpeechEncoder(const ResponseFormat& format, double speed);
  SpeechEncoder(const SpeechEncoder&) = delete;
  SpeechEncoder& operator=(const SpeechEncoder&) = delete;
  ~SpeechEncoder();

  // The bytes that are complete now; the encoder may keep some back.
  [[nodiscard]] std::string encode(Samples samples);
  // The rest of the file.
  [[nodiscard]] std::string finish();

 private:
  std::string bytes_;
  std::unique_ptr<TimeScale> scale_;  // none at speed 1, so that the samples stay as they are
  AudioWriter writer_;
};

}  // namespace chatterbox::server
