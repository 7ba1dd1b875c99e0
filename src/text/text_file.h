// Files of a tokenizer.
#pragma once

#include <string>

namespace chatterbox::text {

// The bytes of a file. kNotFound, kIo; kBadModelFile above 64 MiB. Each message names the path.
[[nodiscard]] std::string read_file(const std::string& path);
[[nodiscard]] bool file_exists(const std::string& path);

// "folder/name"
[[nodiscard]] std::string path_in(const std::string& folder, const char* name);

}  // namespace chatterbox::text
