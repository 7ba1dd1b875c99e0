#include "watermark/find_weights.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "support/error.h"

namespace chatterbox::watermark {
namespace {

namespace fs = std::filesystem;

// From the library's folder to the prefix: lib/, lib/x86_64-linux-gnu/, or beside bin/.
constexpr int kFoldersToPrefix = 2;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// The shared library that this function is in, then the running program, which is the only one
// where the library is linked statically: the loader knows a program by its argv[0], which may be
// anything.
std::vector<fs::path> binaries() {
  std::vector<fs::path> found;
  std::error_code error;
  Dl_info info{};
  const auto* here = reinterpret_cast<const void*>(&find_weights);
  if (dladdr(here, &info) != 0 && info.dli_fname != nullptr) {
    const fs::path library = info.dli_fname;
    if (library.has_parent_path()) found.push_back(fs::canonical(library, error));
  }
  found.push_back(fs::read_symlink("/proc/self/exe", error));
  return found;
}

std::optional<std::string> find_installed() {
  for (const fs::path& binary : binaries()) {  // an empty one could not be resolved
    if (binary.empty()) continue;
    fs::path folder = binary.parent_path();
    for (int i = 0; i < kFoldersToPrefix; ++i) {
      folder = folder.parent_path();
      const fs::path file = folder / "share/chatterbox" / kWeightsFile;
      if (is_file(file)) return file.string();
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_weights(const std::string& model_folder) {
  if (!model_folder.empty()) {
    const fs::path file = fs::path(model_folder) / kWeightsFile;
    if (is_file(file)) return file.string();
  }
  const char* named = std::getenv(kWeightsVariable);
  if (named != nullptr && *named != '\0') {
    if (!is_file(named)) fail(Status::kNotFound, "{}={}: no such file", kWeightsVariable, named);
    return named;
  }
  if (auto file = find_installed()) return file;
  if (is_file(CHATTERBOX_WATERMARK_BUILT)) return CHATTERBOX_WATERMARK_BUILT;
  return std::nullopt;
}

}  // namespace chatterbox::watermark
