#include "nn/cpu/frame_kernels.h"

#ifdef CHATTERBOX_X86_KERNELS
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace chatterbox::nn::cpu {
namespace {

#ifdef CHATTERBOX_X86_KERNELS
bool has_tiles() {
  constexpr unsigned kFeatures = 7, kBf16 = 1U << 22, kTile = 1U << 24;  // bits of EDX
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(kFeatures, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kBf16) != 0 &&
         (edx & kTile) != 0;
}

// The kernel gives a process the memory of the tiles when it asks; its threads inherit that.
bool allow_tiles() {
  constexpr int64_t kRequestPermission = 0x1023;  // asm/prctl.h, ARCH_REQ_XCOMP_PERM
  constexpr int64_t kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#endif

}  // namespace

bool supported(FrameUnit unit) {
#ifdef CHATTERBOX_X86_KERNELS
  if (!supported(Isa::kAvx512) || !__builtin_cpu_supports("avx512bf16")) return false;
  if (unit == FrameUnit::kAvx512Bf16) return true;
  static const bool tiles = has_tiles() && allow_tiles();
  return tiles;
#else
  (void)unit;
  return false;
#endif
}

const FrameKernels* frame_kernels() {
#ifdef CHATTERBOX_X86_KERNELS
  static const FrameKernels* const best = supported(FrameUnit::kAmx) ? &amx_frame_kernels()
                                          : supported(FrameUnit::kAvx512Bf16)
                                              ? &avx512_frame_kernels()
                                              : nullptr;
  return best;
#else
  return nullptr;
#endif
}

}  // namespace chatterbox::nn::cpu
