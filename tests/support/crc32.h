// The CRC-32 of zip and zlib, byte by byte, for checksums of tensors and hand-made archives.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chatterbox::testing {

// `previous`: the CRC of the bytes before, to continue from.
inline uint32_t crc32(const void* data, size_t size, uint32_t previous = 0) {
  static const auto* const kTable = [] {
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256; ++i) {
      table[i] = i;
      for (int bit = 0; bit < 8; ++bit) {
        table[i] = (table[i] >> 1) ^ ((table[i] & 1) != 0 ? 0xEDB88320U : 0U);
      }
    }
    return table;
  }();
  uint32_t crc = ~previous;
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ kTable[(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

}  // namespace chatterbox::testing
