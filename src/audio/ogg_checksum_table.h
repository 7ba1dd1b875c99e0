// The table of the checksum of Ogg's pages (RFC 3533), for a byte at a time. The compiler computes
// it.
#pragma once

#include <array>
#include <cstdint>

namespace chatterbox::audio {

using OggChecksumTable = std::array<uint32_t, 256>;

constexpr OggChecksumTable make_ogg_checksum_table() {
  constexpr uint32_t kPolynomial = 0x04C11DB7;
  OggChecksumTable table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t rest = i << 24U;
    for (int bit = 0; bit < 8; ++bit) rest = rest << 1U ^ (rest >> 31U != 0 ? kPolynomial : 0);
    table[i] = rest;
  }
  return table;
}

}  // namespace chatterbox::audio
