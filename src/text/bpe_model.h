// Byte pair encoding of one word (Sennrich et al. 2016), as Hugging Face's tokenizers crate does
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chatterbox::text {

// Immutable once it is filled in.
struct BpeModel {
  struct Merge {
    uint32_t rank = 0;  // lower ranks first
    int64_t id = 0;     // of the merged token
  };
  // Ids of both halves, the left one in the upper 32 bits.
  [[nodiscard]] static uint64_t pair_key(int64_t left, int64_t right) {
    return static_cast<uint64_t>(left) << 32U | static_cast<uint32_t>(right);
  }

  [[nodiscard]] std::optional<int64_t> find(std::string_view token) const;
  // Appends the ids of `word` (UTF-8). A character that is no token becomes the unknown token.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

  std::unordered_map<std::string, int64_t> vocabulary;  // ids below 2^31
  std::unordered_map<uint64_t, Merge> merges;
  std::optional<int64_t> unknown;  // none: such characters are left out
  bool fuse_unknown = false;       // a run of them is one token
  bool ignore_merges = false;      // a word that is a token is not merged from its characters
};

}  // namespace chatterbox::text
