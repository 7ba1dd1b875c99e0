#include "nn/cpu/int8.h"
#include "nn/cpu/vec_portable.h"

namespace chatterbox::nn::cpu {
namespace {

struct Lanes {
  using Value = int16_t;
  static constexpr int kOutputs = 8;
  static constexpr int kTile = 1;
  static constexpr int kTileRows = 2;
  struct Weights {
    int16_t v[kOutputs * kGroupInputs];
  };
  struct Inputs {
    int16_t v[kGroupInputs];
  };
  struct Sums {
    int32_t v[kOutputs];
  };

  static Weights load(const uint8_t* group) {
    Weights weights;
    for (int i = 0; i < kOutputs * kGroupInputs; ++i) weights.v[i] = group[i];
    return weights;
  }
  static Inputs all(const Value* four) { return {{four[0], four[1], four[2], four[3]}}; }
  static Sums none() { return {}; }
  static Sums add(Sums sums, const Weights& weights, const Inputs& inputs) {
    for (int o = 0; o < kOutputs; ++o) {
      for (int i = 0; i < kGroupInputs; ++i) {
        sums.v[o] += weights.v[o * kGroupInputs + i] * inputs.v[i];
      }
    }
    return sums;
  }
  static void add_to(int32_t* sums, const Sums& more) {
    for (int o = 0; o < kOutputs; ++o) sums[o] += more.v[o];
  }
};

}  // namespace
}  // namespace chatterbox::nn::cpu

#include "nn/cpu/int8_tile_impl.h"
//
#include "nn/cpu/int8_impl.h"

namespace chatterbox::nn::cpu {
const Int8Kernels& int8_portable() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
