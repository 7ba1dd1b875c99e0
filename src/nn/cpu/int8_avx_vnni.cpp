#include "nn/cpu/int8.h"
#include "nn/cpu/vec_avx2.h"

namespace chatterbox::nn::cpu {
namespace {

struct Lanes {
  using Value = int8_t;
  static constexpr int kOutputs = 8;
  static constexpr int kTile = 4;
  static constexpr int kTileRows = 2;  // 4 x 2 sums, 4 weights and inputs fit the 16 registers
  using Weights = __m256i;
  using Inputs = __m256i;
  using Sums = __m256i;

  static Weights load(const uint8_t* group) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group));
  }
  static Inputs all(const Value* four) {
    int bits;
    __builtin_memcpy(&bits, four, sizeof bits);
    return _mm256_set1_epi32(bits);
  }
  static Sums none() { return _mm256_setzero_si256(); }
  static Sums add(Sums sums, Weights weights, Inputs inputs) {
    // GCC 12 believes that the intrinsic writes to memory, and stores all sums after each.
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(weights), "x"(inputs));
    return sums;
  }
  static void add_to(int32_t* sums, Sums more) {
    auto* to = reinterpret_cast<__m256i*>(sums);
    _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), more));
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/int8_tile_impl.h"
//
#include "nn/cpu/int8_impl.h"

namespace chatterbox::nn::cpu {
const Int8Kernels& int8_avx_vnni() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
