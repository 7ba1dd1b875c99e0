// JSON that others wrote, one value in a line.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace chatterbox::app {

// An object has a key twice.
class RepeatedKey : public Error {
 public:
  explicit RepeatedKey(const std::string& key);
  [[nodiscard]] const std::string& key() const noexcept { return key_; }

 private:
  std::string key_;
};

// kInvalidArgument: not JSON, nested deeper than 16 levels, or a RepeatedKey.
[[nodiscard]] nlohmann::json parse_line(const std::string& text);

// `value` for a message: what is long or has parts of its own is only named.
[[nodiscard]] std::string shown(const nlohmann::json& value);

}  // namespace chatterbox::app
