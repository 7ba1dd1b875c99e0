#include "support/utf8.h"

#include <cstdint>
#include <cstring>

namespace chatterbox {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// Bytes from `position` on that are ASCII, eight at a time; may stop up to seven early.
size_t skip_ascii(std::string_view text, size_t position) {
  uint64_t block = 0;
  while (text.size() - position >= sizeof block) {
    std::memcpy(&block, text.data() + position, sizeof block);
    if ((block & kHighBits) != 0) break;
    position += sizeof block;
  }
  return position;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // C0 and C1 would start overlong forms, F5 and more would exceed U+10FFFF.
  if (lead < 0xC2 || lead > 0xF4 || text.size() - position < size) return {};
  char32_t value = lead & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[position + i]);
    if ((next & 0xC0U) != 0x80) return {};
    value = value << 6U | (next & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast[size] || value > 0x10FFFF || surrogate) return {};
  return {value, size};
}

std::optional<size_t> first_invalid_utf8(std::string_view text) {
  size_t position = skip_ascii(text, 0);
  while (position < text.size()) {
    const size_t size = decode_utf8(text, position).size;
    if (size == 0) return position;
    position += size;
    if (size == 1) position = skip_ascii(text, position);
  }
  return std::nullopt;
}

}  // namespace chatterbox
