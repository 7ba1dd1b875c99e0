#include "text/text_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "support/error.h"

namespace chatterbox::text {
namespace {

constexpr size_t kMostFileBytes = size_t{64} << 20U;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string read_file(const std::string& path) {
  const auto fail_with = [&](int error) {
    fail(error == ENOENT ? Status::kNotFound : Status::kIo, "{}: {}", path,
         std::generic_category().message(error));
  };
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) fail_with(errno);
  std::string bytes;
  char block[1 << 16];
  while (const size_t count = std::fread(block, 1, sizeof block, file.get())) {
    bytes.append(block, count);
    if (bytes.size() > kMostFileBytes) {
      fail(Status::kBadModelFile, "{}: larger than {} bytes", path, kMostFileBytes);
    }
  }
  if (std::ferror(file.get()) != 0) fail_with(errno);
  return bytes;
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string path_in(const std::string& folder, const char* name) {
  return (std::filesystem::path(folder) / name).string();
}

}  // namespace chatterbox::text
