#include <immintrin.h>

#include "nn/cpu/frame_kernels.h"

namespace chatterbox::nn::cpu {
namespace {

// Tiles of 16 rows of 64 bytes.
struct Unit {
  static constexpr int kRows = 32;  // 2 x 2 tiles of sums, 2 of rows and 2 of weights are all 8
  static constexpr int kQueries = 32;

  // The tiles' shapes, in the thread that uses them.
  struct Session {
    Session() {
      struct alignas(64) {
        uint8_t palette = 1, start_row = 0, reserved[14] = {};
        uint16_t row_bytes[16] = {};
        uint8_t rows[16] = {};
      } shapes;
      for (int i = 0; i < 8; ++i) {
        shapes.row_bytes[i] = 64;
        shapes.rows[i] = 16;
      }
      _tile_loadconfig(&shapes);
    }
    ~Session() { _tile_release(); }
  };

  // The tile intrinsics of GCC 12 do not tell the compiler which memory they read and write.
  static void fence() { asm volatile("" ::: "memory"); }

  // Sums over `depth` of kRows rows with 32 outputs: finish(row, 16 outputs, the next 16).
  // A tap's rows stand `tap_stride` after those of the tap before; `panel`: the whole depth of the
  // weights' layout.
  template <class Finish>
  static void tile(const uint16_t* x, int64_t stride, const uint16_t* weight, int64_t panel,
                   int64_t depth, int64_t taps, int64_t tap_stride, const Finish& finish) {
    const uint16_t* right = weight + panel * 16;
    const int64_t row_bytes = stride * 2;
    fence();
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t tap = 0; tap < taps; ++tap) {
      const uint16_t* below = x + 16 * stride;
      for (int64_t k = 0; k < depth; k += 32) {
        _tile_loadd(4, x + k, row_bytes);
        _tile_loadd(6, weight + k * 16, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, right + k * 16, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, below + k, row_bytes);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      x += tap_stride;
      weight += depth * 16;
      right += depth * 16;
    }
    alignas(64) float sums[kRows * 32];
    _tile_stored(0, sums, 128);
    _tile_stored(1, sums + 16, 128);
    _tile_stored(2, sums + 16 * 32, 128);
    _tile_stored(3, sums + 16 * 32 + 16, 128);
    fence();
    for (int r = 0; r < kRows; ++r) {
      finish(r, _mm512_load_ps(sums + r * 32), _mm512_load_ps(sums + r * 32 + 16));
    }
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/frame_variant_impl.h"

namespace chatterbox::nn::cpu {
const FrameKernels& amx_frame_kernels() { return kTheseFrameKernels; }
}  // namespace chatterbox::nn::cpu
