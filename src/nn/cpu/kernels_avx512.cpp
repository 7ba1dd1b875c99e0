#include "nn/cpu/vec_avx512.h"

#include "nn/cpu/variant_impl.h"

namespace chatterbox::nn::cpu {
const Kernels& avx512_kernels() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
