#include "support/hash.h"

#include <sodium.h>

#include <array>
#include <cstdint>

#include "support/error.h"

namespace chatterbox {

std::string content_hash(const std::vector<std::string_view>& pieces) {
  static const bool is_ready = sodium_init() >= 0;
  if (!is_ready) fail(Status::kInternal, "libsodium cannot be used");
  std::array<unsigned char, 16> digest{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  const auto update = [&state](const void* data, size_t size) {
    crypto_generichash_update(&state, static_cast<const unsigned char*>(data), size);
  };
  for (const std::string_view piece : pieces) {
    std::array<unsigned char, sizeof(uint64_t)> length{};
    for (size_t i = 0; i < length.size(); ++i) {
      length[i] = static_cast<unsigned char>(uint64_t{piece.size()} >> 8 * i);
    }
    update(length.data(), length.size());
    update(piece.data(), piece.size());
  }
  crypto_generichash_final(&state, digest.data(), digest.size());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace chatterbox
