// The target of a request: its path and its query.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterbox::server {

struct Target {
  std::vector<std::string> path;  // "/v1/a%20b" is {"v1", "a b"}
  std::map<std::string, std::string> query;
};

// Nothing where it is malformed: it does not begin with /, is not percent-encoded as it should be,
// or has a segment that is empty, ".", ".." or contains / or NUL. A / at the end is ignored.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

}  // namespace chatterbox::server
