// By products of 16 bits, whose sums of two are exact. The instruction for bytes (vpmaddubsw) would
// saturate.
#include "nn/cpu/int8.h"
#include "nn/cpu/vec_avx2.h"

namespace chatterbox::nn::cpu {
namespace {

struct Lanes {
  using Value = int16_t;
  static constexpr int kOutputs = 4;
  static constexpr int kTile = 2;
  static constexpr int kTileRows = 5;  // 2 x 5 sums, 2 weights, inputs and a product
  using Weights = __m256i;             // widened
  using Inputs = __m256i;
  using Sums = __m256i;  // two for each output

  static Weights load(const uint8_t* group) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(group)));
  }
  static Inputs all(const Value* four) {
    long long bits;
    __builtin_memcpy(&bits, four, sizeof bits);
    return _mm256_set1_epi64x(bits);
  }
  static Sums none() { return _mm256_setzero_si256(); }
  static Sums add(Sums sums, Weights weights, Inputs inputs) {
    // In one piece: GCC would multiply for all sums first, and run out of registers.
    __m256i product;
    asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
        : "+x"(sums), "=&x"(product)
        : "x"(weights), "x"(inputs));
    return sums;
  }
  static void add_to(int32_t* sums, Sums more) {
    auto* to = reinterpret_cast<__m128i*>(sums);
    const __m128i pairs =
        _mm_hadd_epi32(_mm256_castsi256_si128(more), _mm256_extracti128_si256(more, 1));
    _mm_storeu_si128(to, _mm_add_epi32(_mm_loadu_si128(to), pairs));
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/int8_tile_impl.h"
//
#include "nn/cpu/int8_impl.h"

namespace chatterbox::nn::cpu {
const Int8Kernels& int8_avx2() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
