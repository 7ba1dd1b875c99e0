#include "software_amx.h"

#include <cstring>

#include "nn/cpu/vec_portable.h"

namespace {

constexpr int kTiles = 8;
constexpr int kRows = 16;
constexpr int kRowBytes = 64;

// As in Intel's manual: the configuration's bytes, and what the instructions do to the tiles.
struct Tiles {
  unsigned char config[kRowBytes] = {};
  unsigned char data[kTiles][kRows][kRowBytes] = {};
  int faults = 0;

  [[nodiscard]] int rows(int tile) const { return config[48 + tile]; }
  [[nodiscard]] int row_bytes(int tile) const {
    return config[16 + 2 * tile] | config[17 + 2 * tile] << 8;
  }
};

Tiles& tiles() {
  static thread_local Tiles all;
  return all;
}

void _tile_loadconfig(const void* config) {
  const int faults = tiles().faults;
  tiles() = {};
  tiles().faults = faults;
  std::memcpy(tiles().config, config, kRowBytes);
}

void _tile_release() {
  const unsigned char none[kRowBytes] = {};
  _tile_loadconfig(none);
}

void _tile_zero(int tile) { std::memset(tiles().data[tile], 0, sizeof tiles().data[tile]); }

void _tile_loadd(int tile, const void* from, int64_t stride) {
  Tiles& t = tiles();
  _tile_zero(tile);
  if (t.rows(tile) == 0) ++t.faults;
  for (int r = 0; r < t.rows(tile); ++r) {
    std::memcpy(t.data[tile][r], static_cast<const char*>(from) + r * stride,
                static_cast<size_t>(t.row_bytes(tile)));
  }
}

void _tile_stored(int tile, void* to, int64_t stride) {
  const Tiles& t = tiles();
  for (int r = 0; r < t.rows(tile); ++r) {
    std::memcpy(static_cast<char*>(to) + r * stride, t.data[tile][r],
                static_cast<size_t>(t.row_bytes(tile)));
  }
}

// sums += a b, a of signed bytes, b of unsigned ones.
void _tile_dpbsud(int sums, int a, int b) {
  Tiles& t = tiles();
  const int depth = t.row_bytes(a) / 4;
  if (t.rows(sums) != t.rows(a) || t.row_bytes(sums) != t.row_bytes(b) || t.rows(b) != depth) {
    ++t.faults;
    return;
  }
  for (int m = 0; m < t.rows(sums); ++m) {
    for (int n = 0; n < t.row_bytes(sums) / 4; ++n) {
      int32_t sum;
      std::memcpy(&sum, t.data[sums][m] + 4 * n, sizeof sum);
      for (int k = 0; k < depth; ++k) {
        for (int i = 0; i < 4; ++i) {
          sum += static_cast<signed char>(t.data[a][m][4 * k + i]) * t.data[b][k][4 * n + i];
        }
      }
      std::memcpy(t.data[sums][m] + 4 * n, &sum, sizeof sum);
    }
  }
}

}  // namespace

#include "nn/cpu/int8_amx_impl.h"
//
#include "nn/cpu/int8_impl.h"

namespace chatterbox::nn::cpu {

const Int8Kernels& software_amx_kernels() { return kThisVariant; }
int software_tile_faults() { return tiles().faults; }

}  // namespace chatterbox::nn::cpu
