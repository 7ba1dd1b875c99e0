#include "support/installed.h"

#include <dlfcn.h>

#include <filesystem>
#include <vector>

namespace chatterbox {
namespace {

namespace fs = std::filesystem;

// From the library's folder to the prefix: lib/, lib/x86_64-linux-gnu/, or beside bin/.
constexpr int kFoldersToPrefix = 2;

// The shared library that this function is in, then the running program, which is the only one
// where the library is linked statically: the loader knows a program by its argv[0], which may be
// anything.
std::vector<fs::path> binaries() {
  std::vector<fs::path> found;
  std::error_code error;
  Dl_info info{};
  const auto* here = reinterpret_cast<const void*>(&find_installed);
  if (dladdr(here, &info) != 0 && info.dli_fname != nullptr) {
    const fs::path library = info.dli_fname;
    if (library.has_parent_path()) found.push_back(fs::canonical(library, error));
  }
  found.push_back(fs::read_symlink("/proc/self/exe", error));
  return found;
}

}  // namespace

std::optional<std::string> find_installed(const std::string& name) {
  std::error_code error;
  for (const fs::path& binary : binaries()) {  // an empty one could not be resolved
    if (binary.empty()) continue;
    fs::path folder = binary.parent_path();
    for (int i = 0; i < kFoldersToPrefix; ++i) {
      folder = folder.parent_path();
      const fs::path file = folder / "share/chatterbox" / name;
      if (fs::is_regular_file(file, error)) return file.string();
    }
  }
  return std::nullopt;
}

}  // namespace chatterbox
