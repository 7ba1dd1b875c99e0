#include "audio/sniff.h"

#include "support/format.h"

namespace chatterbox::audio {
namespace {

unsigned byte_at(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }

// ID3v2: "ID3", two bytes of version, flags, and four bytes of 7 bits with the size of the rest.
size_t tag_size(std::string_view file) {
  constexpr size_t kHeader = 10;
  constexpr unsigned kHasFooter = 0x10;
  if (file.size() < kHeader || file.substr(0, 3) != "ID3") return 0;
  size_t size = 0;
  for (size_t i = 6; i < kHeader; ++i) size = size << 7U | (byte_at(file, i) & 0x7FU);
  return kHeader + size + ((byte_at(file, 5) & kHasFooter) != 0 ? kHeader : 0);
}

// The header of a frame of layer III, none of whose fields is reserved.
bool is_mp3_frame(std::string_view file) {
  if (file.size() < 4 || byte_at(file, 0) != 0xFF) return false;
  const unsigned second = byte_at(file, 1);
  const unsigned third = byte_at(file, 2);
  const bool is_layer3 = (second & 0xE6U) == 0xE2;
  const bool has_version = (second >> 3U & 3U) != 1;
  const bool has_bit_rate = third >> 4U != 15;
  const bool has_sample_rate = (third >> 2U & 3U) != 3;
  return is_layer3 && has_version && has_bit_rate && has_sample_rate;
}

}  // namespace

FileKind sniff(std::string_view file) {
  if (file.substr(0, 4) == "RIFF") return FileKind::kWav;
  if (file.substr(0, 4) == "fLaC") return FileKind::kFlac;
  if (file.substr(0, 4) == "OggS") return FileKind::kOgg;
  while (const size_t tag = tag_size(file)) {
    if (tag >= file.size()) return FileKind::kMp3;
    file.remove_prefix(tag);
  }
  return is_mp3_frame(file) ? FileKind::kMp3 : FileKind::kUnknown;
}

std::string quote(std::string_view bytes) {
  if (bytes.empty()) return "nothing";
  std::string quoted = "'";
  for (const char c : bytes.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool printable = byte >= 0x20 && byte < 0x7F && c != '\\' && c != '\'';
    quoted += printable ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return quoted + "'";
}

}  // namespace chatterbox::audio
