#include "watermark/find_weights.h"

#include <cstdlib>
#include <filesystem>

#include "support/error.h"
#include "support/installed.h"

namespace chatterbox::watermark {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

std::optional<std::string> find_weights() {
  // Nobody changes the environment meanwhile. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* named = std::getenv(kWeightsVariable);
  if (named != nullptr && *named != '\0') {
    if (!is_file(named)) fail(Status::kNotFound, "{}={}: no such file", kWeightsVariable, named);
    return named;
  }
  if (auto file = find_installed(kWeightsFile)) return file;
  if (is_file(CHATTERBOX_WATERMARK_BUILT)) return CHATTERBOX_WATERMARK_BUILT;
  return std::nullopt;
}

}  // namespace chatterbox::watermark
