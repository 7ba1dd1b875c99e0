// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): 128 random
// bits as a function of a key and a counter. Torch-free.
#pragma once

#include <array>
#include <cstdint>

namespace chatterbox::s3gen {

using PhiloxBlock = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

[[nodiscard]] inline PhiloxBlock philox(PhiloxBlock x, PhiloxKey key) {
  // Random123, philox.h: PHILOX_M4x32_0 and _1, PHILOX_W32_0 and _1.
  constexpr uint64_t kMultipliers[] = {0xD2511F53U, 0xCD9E8D57U};
  constexpr uint32_t kWeyl[] = {0x9E3779B9U, 0xBB67AE85U};
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t p = kMultipliers[0] * x[0], q = kMultipliers[1] * x[2];
    x = {static_cast<uint32_t>(q >> 32U) ^ x[1] ^ key[0], static_cast<uint32_t>(q),
         static_cast<uint32_t>(p >> 32U) ^ x[3] ^ key[1], static_cast<uint32_t>(p)};
    key[0] += kWeyl[0];
    key[1] += kWeyl[1];
  }
  return x;
}

}  // namespace chatterbox::s3gen
