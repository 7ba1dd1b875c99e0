// Pages of an Ogg file, as RFC 3533 has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace chatterbox::testing {

// Of the page that starts there; beyond the end where it is not all there.
inline size_t ogg_page_size(const std::string& bytes, size_t at) {
  constexpr size_t kHeader = 27;  // the last byte: how many sizes of segments follow
  if (bytes.size() - at < kHeader) return kHeader;
  const size_t segments = static_cast<unsigned char>(bytes[at + kHeader - 1]);
  size_t size = kHeader + segments;
  if (bytes.size() - at < size) return size;
  for (size_t i = kHeader; i < kHeader + segments; ++i) {
    size += static_cast<unsigned char>(bytes[at + i]);
  }
  return size;
}

// The page that starts there gets the checksum that it should have, where it is all there.
inline void mend_ogg_checksum(std::string& bytes, size_t at) {
  constexpr size_t kChecksumAt = 22;
  constexpr uint32_t kPolynomial = 0x04C11DB7;
  const size_t size = ogg_page_size(bytes, at);
  if (bytes.size() - at < size) return;
  bytes.replace(at + kChecksumAt, 4, 4, '\0');
  uint32_t sum = 0;
  for (size_t i = at; i < at + size; ++i) {
    sum ^= uint32_t{static_cast<unsigned char>(bytes[i])} << 24U;
    for (int bit = 0; bit < 8; ++bit) sum = sum << 1U ^ (sum >> 31U) * kPolynomial;
  }
  for (size_t i = 0; i < 4; ++i) {
    bytes[at + kChecksumAt + i] = static_cast<char>(sum >> 8 * i);
  }
}

}  // namespace chatterbox::testing
