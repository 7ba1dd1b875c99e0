// The tables of zip's CRC-32 for eight bytes at a time ("slicing by 8"). The compiler computes
// them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace chatterbox::checkpoint {

using Crc32Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Crc32Tables make_crc32_tables() {
  Crc32Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0U);
    tables[0][i] = value;
  }
  for (size_t table = 1; table < 8; ++table) {
    for (size_t i = 0; i < 256; ++i) {
      const uint32_t previous = tables[table - 1][i];
      tables[table][i] = (previous >> 8) ^ tables[0][previous & 0xff];
    }
  }
  return tables;
}

}  // namespace chatterbox::checkpoint
