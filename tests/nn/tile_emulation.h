// AMX's tiles in plain C++: tests compile nn/cpu/frame_amx.cpp a second time with this in front of
// it, so that its logic runs on machines without tiles. Intel SDM, volume 2, TDPBF16PS and others.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace chatterbox::tile_emulation {

constexpr int kTiles = 8, kRows = 16, kRowBytes = 64;

struct Tile {
  uint8_t bytes[kRows][kRowBytes];
};

inline Tile& tile(int index) {
  static thread_local Tile tiles[kTiles];
  return tiles[index];
}

// Whether the thread's tiles have their shapes; without, an instruction would be a fault.
inline bool& configured() {
  static thread_local bool value = false;
  return value;
}

inline void check() {
  if (!configured()) __builtin_trap();
}

inline void load_config(const void* config) {
  const auto* bytes = static_cast<const uint8_t*>(config);
  if (bytes[0] != 1) __builtin_trap();  // the palette
  for (int i = 0; i < kTiles; ++i) {
    uint16_t row_bytes = 0;
    std::memcpy(&row_bytes, bytes + 16 + 2 * i, sizeof row_bytes);
    if (row_bytes != kRowBytes || bytes[48 + i] != kRows) __builtin_trap();
  }
  configured() = true;
}

inline void load(int to, const void* base, int64_t stride) {
  check();
  for (int r = 0; r < kRows; ++r) {
    std::memcpy(tile(to).bytes[r], static_cast<const uint8_t*>(base) + r * stride, kRowBytes);
  }
}

inline void store(int from, void* base, int64_t stride) {
  check();
  for (int r = 0; r < kRows; ++r) {
    std::memcpy(static_cast<uint8_t*>(base) + r * stride, tile(from).bytes[r], kRowBytes);
  }
}

inline float widen(const uint8_t* bf16) {
  uint32_t bits = 0;
  std::memcpy(reinterpret_cast<uint8_t*>(&bits) + 2, bf16, 2);
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// sums += a b, of pairs.
inline void dot(int sums, int a, int b) {
  check();
  for (int m = 0; m < kRows; ++m) {
    for (int n = 0; n < kRows; ++n) {
      float sum = 0;
      std::memcpy(&sum, tile(sums).bytes[m] + 4 * n, sizeof sum);
      for (int k = 0; k < kRows; ++k) {
        for (int half = 0; half < 2; ++half) {
          sum += widen(tile(a).bytes[m] + 4 * k + 2 * half) *
                 widen(tile(b).bytes[k] + 4 * n + 2 * half);
        }
      }
      std::memcpy(tile(sums).bytes[m] + 4 * n, &sum, sizeof sum);
    }
  }
}

}  // namespace chatterbox::tile_emulation

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(config) ::chatterbox::tile_emulation::load_config(config)
#define _tile_release() (::chatterbox::tile_emulation::configured() = false)
#define _tile_zero(to) (::chatterbox::tile_emulation::tile(to) = {})
#define _tile_loadd(to, base, stride) ::chatterbox::tile_emulation::load(to, base, stride)
#define _tile_stored(from, base, stride) ::chatterbox::tile_emulation::store(from, base, stride)
#define _tile_dpbf16ps(sums, a, b) ::chatterbox::tile_emulation::dot(sums, a, b)
