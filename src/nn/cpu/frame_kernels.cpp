#include "nn/cpu/frame_kernels.h"

#include "nn/cpu/amx.h"
#include "nn/cpu/kernels.h"

namespace chatterbox::nn::cpu {

bool supported(FrameUnit unit) {
#ifdef CHATTERBOX_X86_KERNELS
  if (!supported(Isa::kAvx512) || !__builtin_cpu_supports("avx512bf16")) return false;
  if (unit == FrameUnit::kAvx512Bf16) return true;
  static const bool tiles = has_tiles(TileType::kBf16);
  return tiles;
#else
  (void)unit;
  return false;
#endif
}

const char* name(FrameUnit unit) { return unit == FrameUnit::kAmx ? "amx-bf16" : "avx512-bf16"; }

std::optional<FrameUnit> frame_unit() {
  for (const FrameUnit unit : {FrameUnit::kAmx, FrameUnit::kAvx512Bf16}) {
    if (supported(unit)) return unit;
  }
  return std::nullopt;
}

const FrameKernels* frame_kernels() {
#ifdef CHATTERBOX_X86_KERNELS
  static const FrameKernels* const best = frame_unit() == FrameUnit::kAmx ? &amx_frame_kernels()
                                          : frame_unit()                  ? &avx512_frame_kernels()
                                                                          : nullptr;
  return best;
#else
  return nullptr;
#endif
}

}  // namespace chatterbox::nn::cpu
