// Whether AMX's tiles may be used.
#pragma once

namespace chatterbox::nn::cpu {

enum class TileType { kBf16, kInt8 };

// Whether this machine multiplies tiles of the type and lets this process use them. x86 only.
[[nodiscard]] bool has_tiles(TileType type);

}  // namespace chatterbox::nn::cpu
