// JSON that others wrote, one value in a line.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace chatterbox::app {

// kInvalidArgument: not JSON, nested deeper than 16 levels, or with a key twice in an object.
[[nodiscard]] nlohmann::json parse_line(const std::string& text);

// `value` for a message: what is long or has parts of its own is only named.
[[nodiscard]] std::string shown(const nlohmann::json& value);

}  // namespace chatterbox::app
