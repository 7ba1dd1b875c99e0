#include "nn/cpu/kernels.h"

#include <array>

#include "support/error.h"

namespace chatterbox::nn::cpu {

bool multiplies_bf16() {
#ifdef CHATTERBOX_X86_KERNELS
  return __builtin_cpu_supports("avx512bf16");  // every machine with AMX has it, too
#else
  return false;
#endif
}

bool supported(Isa isa) {
  if (isa == Isa::kPortable) return true;
#ifdef CHATTERBOX_X86_KERNELS
  if (isa == Isa::kAvx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return avx512 && (isa == Isa::kAvx512 || multiplies_bf16());
#else
  return false;
#endif
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
