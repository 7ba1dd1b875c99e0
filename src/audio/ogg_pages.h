// The pages of an Ogg file (RFC 3533).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chatterbox::audio {

// Puts another serial number into the pages of a stream, as they are written. libsndfile draws one
// at random, and the same sound would never make the same file.
class OggSerial {
 public:
  void set(uint32_t serial) { serial_ = serial; }
  // The pages that are complete now.
  [[nodiscard]] std::string take(std::string_view bytes);

 private:
  uint32_t serial_ = 0;
  std::string rest_;  // of a page that is not all there
};

}  // namespace chatterbox::audio
