#include "nn/cpu/features.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "nn/cpu/amx.h"
#include "support/error.h"

namespace chatterbox::nn::cpu {
namespace {

constexpr std::array<std::string_view, 7> kLevelNames = {
    "portable", "avx2", "avx-vnni", "avx512", "avx512-vnni", "avx512-bf16", "amx"};

bool machine_has([[maybe_unused]] Feature feature) {
#ifdef CHATTERBOX_X86_KERNELS
  switch (feature) {
    case Feature::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Feature::kAvxVnni:
      return __builtin_cpu_supports("avxvnni");
    case Feature::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    case Feature::kAvx512Vnni:
      return __builtin_cpu_supports("avx512vnni");
    case Feature::kAvx512Bf16:
      return __builtin_cpu_supports("avx512bf16");
    case Feature::kAmxInt8:
      return has_tiles(TileType::kInt8);
    case Feature::kAmxBf16:
      return has_tiles(TileType::kBf16);
  }
#endif
  return false;
}

// The least level with the feature.
Level level_with(Feature feature) {
  switch (feature) {
    case Feature::kAvx2:
      return Level::kAvx2;
    case Feature::kAvxVnni:
      return Level::kAvxVnni;
    case Feature::kAvx512:
      return Level::kAvx512;
    case Feature::kAvx512Vnni:
      return Level::kAvx512Vnni;
    case Feature::kAvx512Bf16:
      return Level::kAvx512Bf16;
    case Feature::kAmxInt8:
    case Feature::kAmxBf16:
      break;
  }
  return Level::kAmx;
}

}  // namespace

Level allowed_level(const char* value) {
  if (value == nullptr || *value == '\0') return Level::kAmx;
  const auto* found = std::find(kLevelNames.begin(), kLevelNames.end(), value);
  if (found == kLevelNames.end()) {
    fail(Status::kInvalidArgument, "the environment variable {} must be one of {}, got {}",
         kLevelVariable, fmt::join(kLevelNames, ", "), value);
  }
  return static_cast<Level>(found - kLevelNames.begin());
}

bool has(Level level, Feature feature) {
  if (feature == Feature::kAvxVnni && level == Level::kAvx512) return false;
  return level >= level_with(feature);
}

bool usable(Feature feature) {
  // Nobody changes the environment meanwhile. NOLINTNEXTLINE(concurrency-mt-unsafe)
  static const Level allowed = allowed_level(std::getenv(kLevelVariable));
  return has(allowed, feature) && machine_has(feature);
}

}  // namespace chatterbox::nn::cpu
