#include "nn/cpu/int8.h"
#include "nn/cpu/vec_avx512.h"

namespace chatterbox::nn::cpu {
namespace {

struct Lanes {
  using Value = int8_t;
  static constexpr int kOutputs = 16;
  static constexpr int kTile = 4;
  static constexpr int kTileRows = 6;  // 4 x 6 sums, 4 weights and inputs fit the 32 registers
  using Weights = __m512i;
  using Inputs = __m512i;
  using Sums = __m512i;

  static Weights load(const uint8_t* group) { return _mm512_loadu_si512(group); }
  static Inputs all(const Value* four) {
    int bits;
    __builtin_memcpy(&bits, four, sizeof bits);
    return _mm512_set1_epi32(bits);
  }
  static Sums none() { return _mm512_setzero_si512(); }
  static Sums add(Sums sums, Weights weights, Inputs inputs) {
    // GCC 12 believes that the intrinsic writes to memory, and stores all sums after each.
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(weights), "v"(inputs));
    return sums;
  }
  static void add_to(int32_t* sums, Sums more) {
    _mm512_storeu_si512(sums, _mm512_add_epi32(_mm512_loadu_si512(sums), more));
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/int8_tile_impl.h"
//
#include "nn/cpu/int8_impl.h"

namespace chatterbox::nn::cpu {
const Int8Kernels& int8_avx512_vnni() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
