#include "nn/cpu/int8.h"

#include <array>

#include "nn/cpu/amx.h"
#include "nn/cpu/kernels.h"
#include "support/error.h"

namespace chatterbox::nn::cpu {

const char* name(Int8Isa isa) {
  constexpr std::array kNames = {"portable", "avx2", "avx-vnni", "avx512-vnni", "amx-int8"};
  return kNames.at(static_cast<size_t>(isa));
}

bool supported(Int8Isa isa) {
  switch (isa) {
    case Int8Isa::kPortable:
      return true;
#ifdef CHATTERBOX_X86_KERNELS
    case Int8Isa::kAvx2:
      return supported(Isa::kAvx2);
    case Int8Isa::kAvxVnni:
      return supported(Isa::kAvx2) && __builtin_cpu_supports("avxvnni");
    case Int8Isa::kAvx512Vnni:
      return supported(Isa::kAvx512) && __builtin_cpu_supports("avx512vnni");
    case Int8Isa::kAmx:
      return supported(Isa::kAvx512) && has_tiles(TileType::kInt8);
#endif
    default:
      return false;
  }
}

const Int8Kernels& int8_kernels(Int8Isa isa) {
  if (!supported(isa)) {
    fail(Status::kInternal, "int8 kernels of {} do not run on this machine", name(isa));
  }
  switch (isa) {
#ifdef CHATTERBOX_X86_KERNELS
    case Int8Isa::kAvx2:
      return int8_avx2();
    case Int8Isa::kAvxVnni:
      return int8_avx_vnni();
    case Int8Isa::kAvx512Vnni:
      return int8_avx512_vnni();
    case Int8Isa::kAmx:
      return int8_amx();
#endif
    default:
      return int8_portable();
  }
}

Int8Isa int8_isa() {
  static const Int8Isa best = [] {
    for (const Int8Isa isa :
         {Int8Isa::kAmx, Int8Isa::kAvx512Vnni, Int8Isa::kAvxVnni, Int8Isa::kAvx2}) {
      if (supported(isa)) return isa;
    }
    return Int8Isa::kPortable;
  }();
  return best;
}

const Int8Kernels& int8_kernels() {
  static const Int8Kernels& best = int8_kernels(int8_isa());
  return best;
}

}  // namespace chatterbox::nn::cpu
