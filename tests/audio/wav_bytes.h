// WAV files made by hand, field by field.
#pragma once

#include <cstdint>
#include <string>

namespace chatterbox::audio {

template <class T>
std::string little(T value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes += static_cast<char>(static_cast<uint64_t>(value) >> 8 * i & 0xFF);
  }
  return bytes;
}

inline std::string chunk(const std::string& kind, const std::string& bytes) {
  return kind + little(static_cast<uint32_t>(bytes.size())) + bytes +
         std::string(bytes.size() % 2, '\0');
}

struct WavFields {
  uint16_t code = 1, channels = 1;
  uint32_t rate = 24000;
  uint16_t bits = 16;
  std::string data = std::string("\x01\x02\x03\x04", 4);
  std::string before_format, before_data;  // more chunks

  [[nodiscard]] std::string format() const {
    const auto frame = static_cast<uint16_t>(channels * bits / 8);
    return little(code) + little(channels) + little(rate) + little(rate * frame) + little(frame) +
           little(bits);
  }
  [[nodiscard]] static std::string riff(const std::string& chunks) {
    return "RIFF" + little(static_cast<uint32_t>(chunks.size() + 4)) + "WAVE" + chunks;
  }
  [[nodiscard]] std::string file() const {
    return riff(before_format + chunk("fmt ", format()) + before_data + chunk("data", data));
  }
};

}  // namespace chatterbox::audio
