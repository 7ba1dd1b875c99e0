// What is installed beside the library. Torch-free.
#pragma once

#include <optional>
#include <string>

namespace chatterbox {

// The file <prefix>/share/chatterbox/`name`, wherever the installation was moved to: the prefix is
// that of the library or program that this code is in. Nothing where there is none.
[[nodiscard]] std::optional<std::string> find_installed(const std::string& name);

}  // namespace chatterbox
