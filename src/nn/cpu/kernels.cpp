#include "nn/cpu/kernels.h"

#include <array>

#include "nn/cpu/features.h"
#include "support/error.h"

namespace chatterbox::nn::cpu {

// Every machine with AMX has AVX512-BF16, too.
bool multiplies_bf16() { return supported(Isa::kAvx512Bf16); }

bool supported(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return true;
    case Isa::kAvx2:
      return usable(Feature::kAvx2);
    case Isa::kAvx512:
      return usable(Feature::kAvx512);
    case Isa::kAvx512Bf16:
      return usable(Feature::kAvx512) && usable(Feature::kAvx512Bf16);
  }
  return false;
}

const Kernels& kernels(Isa isa) {
  if (!supported(isa)) {
    fail(Status::kInternal, "kernel variant {} does not run on this machine", name(isa));
  }
#ifdef CHATTERBOX_X86_KERNELS
  if (isa == Isa::kAvx512Bf16) return avx512_bf16_kernels();
  if (isa == Isa::kAvx512) return avx512_kernels();
  if (isa == Isa::kAvx2) return avx2_kernels();
#endif
  return portable_kernels();
}

const char* name(Isa isa) {
  constexpr std::array kNames = {"portable", "avx2", "avx512", "avx512-bf16"};
  return kNames.at(static_cast<size_t>(isa));
}

Isa fp32_isa() {
  return supported(Isa::kAvx512) ? Isa::kAvx512
         : supported(Isa::kAvx2) ? Isa::kAvx2
                                 : Isa::kPortable;
}

Isa bf16_isa() { return supported(Isa::kAvx512Bf16) ? Isa::kAvx512Bf16 : fp32_isa(); }

const Kernels& kernels() {
  static const Kernels& best = kernels(bf16_isa());
  return best;
}

}  // namespace chatterbox::nn::cpu
