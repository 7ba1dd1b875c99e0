// Chinese characters as the keys of the Cangjie input method, each key a token of the multilingual
// tokenizer ([cj_a]).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "support/file_source.h"
#include "text/hf_tokenizer.h"

namespace chatterbox::text {

// Immutable.
class Cangjie {
 public:
  // Cangjie5_TC.json: ["character\tcode", ...]. A code that several have gets the number of the
  // character among them, from the second on. kBadModelFile: damaged, or a key that is no token.
  Cangjie(const FileSource& files, const BpeTokenizer& tokenizer);

  // The ids of a character, null where the table has it not.
  [[nodiscard]] const std::vector<int64_t>* find(std::string_view character) const;

 private:
  std::unordered_map<std::string, std::vector<int64_t>> ids_;
};

}  // namespace chatterbox::text
