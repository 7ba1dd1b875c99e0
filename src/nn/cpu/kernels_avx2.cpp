#include "nn/cpu/vec_avx2.h"

#include "nn/cpu/variant_impl.h"

namespace chatterbox::nn::cpu {
const Kernels& avx2_kernels() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
