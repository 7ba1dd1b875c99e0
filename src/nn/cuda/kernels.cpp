#include "nn/cuda/kernels.h"

namespace chatterbox::nn::cuda {

const Kernels& kernels() {
  static constexpr Kernels kAll = {rope_and_cache, decode_attention, gated,
                                   sample,         mark_drawn,       snake};
  return kAll;
}

}  // namespace chatterbox::nn::cuda
