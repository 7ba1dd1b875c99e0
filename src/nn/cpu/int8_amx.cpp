#include "nn/cpu/vec_avx512.h"
//
#include "nn/cpu/int8_amx_impl.h"
//
#include "nn/cpu/int8_impl.h"

namespace chatterbox::nn::cpu {
const Int8Kernels& int8_amx() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
