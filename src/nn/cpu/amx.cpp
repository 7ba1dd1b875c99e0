#include "nn/cpu/amx.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace chatterbox::nn::cpu {
namespace {

// Intel SDM, volume 2, CPUID: bits of EDX of leaf 7.
constexpr unsigned kFeatures = 7;
constexpr unsigned kAmxBf16 = 1U << 22U, kAmxTile = 1U << 24U, kAmxInt8 = 1U << 25U;

unsigned features() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(kFeatures, 0, &eax, &ebx, &ecx, &edx) != 0 ? edx : 0;
}

// The system gives a process the memory of the tiles when it asks; its threads inherit that.
bool allow_tiles() {
  constexpr int kRequestPermission = 0x1023;  // asm/prctl.h, ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  static const bool allowed = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return allowed;
}

}  // namespace

bool has_tiles(TileType type) {
  const unsigned wanted = kAmxTile | (type == TileType::kBf16 ? kAmxBf16 : kAmxInt8);
  return (features() & wanted) == wanted && allow_tiles();
}

}  // namespace chatterbox::nn::cpu
