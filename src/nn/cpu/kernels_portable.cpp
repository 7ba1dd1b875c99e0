#include "nn/cpu/vec_portable.h"

#include "nn/cpu/variant_impl.h"

namespace chatterbox::nn::cpu {
const Kernels& portable_kernels() { return kThisVariant; }
}  // namespace chatterbox::nn::cpu
