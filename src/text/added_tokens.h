// Tokens that are found in the text before it is split into words.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox::text {

struct AddedToken {
  std::string content;
  int64_t id = 0;
  bool single_word = false;  // not inside a word
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and after it
  bool normalized = false;   // looked for in the normalised text
};

// Immutable.
class AddedTokens {
 public:
  AddedTokens() : AddedTokens(std::vector<AddedToken>()) {}
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // Calls one of them for each part of `text`, in order. Where two tokens match, the leftmost and
  // then the longest wins.
  void split(std::string_view text, const std::function<void(int64_t id)>& on_token,
             const std::function<void(std::string_view part)>& on_text) const;

 private:
  [[nodiscard]] const AddedToken* match(std::string_view text, size_t position) const;

  std::vector<AddedToken> tokens_;            // longest first
  std::vector<std::vector<size_t>> by_byte_;  // [256]: indices by the first byte
};

}  // namespace chatterbox::text
