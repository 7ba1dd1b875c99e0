// `Unit` by AMX tiles of 16 rows of 64 bytes. The including source has the tile intrinsics, of the
// compiler or, in a test, in software, and allow_tiles().
//
// Tile 0 to 3 are sums, the others activations and weights. The intrinsics of GCC 12 want the
// tiles' numbers as they are written, and do not tell the compiler what memory they read.
#pragma once

#include "nn/cpu/int8.h"

namespace chatterbox::nn::cpu {
namespace {

// How many rows and bytes of a row each tile has: the operand of ldtilecfg.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

inline void see_memory() { asm volatile("" ::: "memory"); }

class Unit {
 public:
  using Value = int8_t;

  Unit() = default;
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;
  ~Unit() { _tile_release(); }

  void panel(const Int8Rows& x, int64_t first, int64_t rows, const uint8_t* w, int64_t groups,
             int32_t* sums) {
    const char* row = static_cast<const char*>(x.data) + first * x.stride;
    see_memory();
    configure(rows);
    if (rows <= kTileRows) {
      few_rows(row, x.stride, w, groups, sums);
    } else {
      half_panel(row, x.stride, w, groups, sums);
      half_panel(row, x.stride, w + 2 * kTileBytes, groups, sums + 2 * kTileOutputs);
    }
    see_memory();
  }

 private:
  static constexpr int64_t kTileRows = 16;
  static constexpr int64_t kTileBytes = 64;  // of a tile's row: 64 inputs, or 16 outputs' groups
  static constexpr int64_t kTileOutputs = 16;
  static constexpr int64_t kTileGroups = 16;
  static constexpr int64_t kGroupStride = kPanelOutputs * kGroupInputs;
  static constexpr int64_t kSumStride = kPanelOutputs * 4;
  static constexpr int64_t kBytesAhead = 6144;

  // Tiles of no more rows than there are take less time. To 16 rows: in tiles 0 to 4; else 16 in 0,
  // 1 and 4, the others in 2, 3 and 5.
  void configure(int64_t rows) {
    if (rows == rows_) return;
    rows_ = rows;
    TileConfig config;
    for (int i = 0; i < 8; ++i) {
      config.rows[i] = kTileRows;
      config.row_bytes[i] = kTileBytes;
    }
    if (rows <= kTileRows) {
      for (int i = 0; i < 5; ++i) config.rows[i] = static_cast<uint8_t>(rows);
    } else {
      config.rows[2] = config.rows[3] = config.rows[5] = static_cast<uint8_t>(rows - kTileRows);
    }
    _tile_loadconfig(&config);
  }

  static void prefetch(const uint8_t* w) {
    for (int64_t i = 0; i < kTileGroups * kGroupStride; i += kTileBytes) {
      __builtin_prefetch(w + kBytesAhead + i, 0, 3);
    }
  }

  // 64 outputs.
  static void few_rows(const char* x, int64_t stride, const uint8_t* w, int64_t groups,
                       int32_t* sums) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t g = 0; g < groups; g += kTileGroups) {
      prefetch(w);
      _tile_loadd(4, x, stride);
      _tile_loadd(5, w, kGroupStride);
      _tile_dpbsud(0, 4, 5);
      _tile_loadd(6, w + kTileBytes, kGroupStride);
      _tile_dpbsud(1, 4, 6);
      _tile_loadd(7, w + 2 * kTileBytes, kGroupStride);
      _tile_dpbsud(2, 4, 7);
      _tile_loadd(5, w + 3 * kTileBytes, kGroupStride);
      _tile_dpbsud(3, 4, 5);
      x += kTileBytes;
      w += kTileGroups * kGroupStride;
    }
    _tile_stored(0, sums, kSumStride);
    _tile_stored(1, sums + kTileOutputs, kSumStride);
    _tile_stored(2, sums + 2 * kTileOutputs, kSumStride);
    _tile_stored(3, sums + 3 * kTileOutputs, kSumStride);
  }

  // More than 16 rows, 32 outputs.
  static void half_panel(const char* x, int64_t stride, const uint8_t* w, int64_t groups,
                         int32_t* sums) {
    const char* more_x = x + kTileRows * stride;
    int32_t* more_sums = sums + kTileRows * kPanelOutputs;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t g = 0; g < groups; g += kTileGroups) {
      prefetch(w);
      _tile_loadd(4, x, stride);
      _tile_loadd(5, more_x, stride);
      _tile_loadd(6, w, kGroupStride);
      _tile_loadd(7, w + kTileBytes, kGroupStride);
      _tile_dpbsud(0, 4, 6);
      _tile_dpbsud(1, 4, 7);
      _tile_dpbsud(2, 5, 6);
      _tile_dpbsud(3, 5, 7);
      x += kTileBytes;
      more_x += kTileBytes;
      w += kTileGroups * kGroupStride;
    }
    _tile_stored(0, sums, kSumStride);
    _tile_stored(1, sums + kTileOutputs, kSumStride);
    _tile_stored(2, more_sums, kSumStride);
    _tile_stored(3, more_sums + kTileOutputs, kSumStride);
  }

  int64_t rows_ = 0;  // that the tiles are made for
};

}  // namespace
}  // namespace chatterbox::nn::cpu
