// Content hashes. Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chatterbox {

// BLAKE2b-128 of the pieces, each preceded by its length (8 bytes, little-endian), as 32
// hexadecimal digits: pieces that are cut differently have another hash.
[[nodiscard]] std::string content_hash(const std::vector<std::string_view>& pieces);

}  // namespace chatterbox
