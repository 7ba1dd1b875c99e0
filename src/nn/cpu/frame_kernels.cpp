#include "nn/cpu/frame_kernels.h"

#include "nn/cpu/features.h"
#include "nn/cpu/frame_int8.h"
#include "nn/cpu/kernels.h"

namespace chatterbox::nn::cpu {

bool supported(FrameUnit unit) {
  // The int8 products need VNNI, which all these machines have.
  return supported(Isa::kAvx512Bf16) && usable(Feature::kAvx512Vnni) &&
         (unit == FrameUnit::kAvx512Bf16 || usable(Feature::kAmxBf16));
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

const FrameInt8Kernels* frame_int8_kernels() {
#ifdef CHATTERBOX_X86_KERNELS
  return frame_kernels() != nullptr ? &avx512_frame_int8_kernels() : nullptr;
#else
  return nullptr;
#endif
}

}  // namespace chatterbox::nn::cpu
