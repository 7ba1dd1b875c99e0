#include "support/atomic_folder.h"

#include <fcntl.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "support/error.h"
#include "support/file_io.h"

namespace chatterbox {
namespace {

namespace fs = std::filesystem;

// Without what a path may end with: a name is what is renamed.
std::string target_of(const std::string& path) {
  std::error_code error;
  fs::path target = fs::canonical(path, error);  // where there is something, behind links
  if (error) target = fs::absolute(path).lexically_normal();
  return target.has_filename() ? target.string() : target.parent_path().string();
}

void check_free(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  if (!fs::is_directory(path, error)) fail(Status::kIo, "{}: exists, and is not a folder", path);
  if (!fs::is_empty(path, error) || error) {
    fail(Status::kIo, "{}: exists, and is not empty", path);
  }
}

}  // namespace

AtomicFolder::AtomicFolder(const std::string& path)
    : path_(path), target_(target_of(path)), temporary_(temporary_beside(target_)) {
  check_free(path_);
  std::error_code error;
  fs::create_directory(temporary_, error);
  if (error) fail(Status::kIo, "{}: cannot be made: {}", path_, error.message());
}

AtomicFolder::~AtomicFolder() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

std::string AtomicFolder::named(const std::string& name) const {
  return (fs::path(path_) / name).string();
}

void AtomicFolder::add(const std::string& from, const std::string& name) const {
  const fs::path to = fs::path(temporary_) / name;
  std::error_code error;
  const fs::path source = fs::canonical(from, error);
  if (!error) fs::create_hard_link(source, to, error);
  if (!error) return;
  error.clear();
  fs::copy_file(from, to, error);
  if (error) fail(Status::kIo, "{}: {} cannot be copied: {}", named(name), from, error.message());
}

void AtomicFolder::add(const std::string& name,
                       const std::function<void(const Sink& sink)>& write) const {
  const std::string to = (fs::path(temporary_) / name).string();
  OutputFile file(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), named(name));
  write([&file](std::string_view bytes) { file.append(bytes); });
  file.close();
}

void AtomicFolder::commit() {
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    const int code = errno;
    fail(Status::kIo, "{}: cannot be made: {}", path_, std::generic_category().message(code));
  }
  committed_ = true;
}

}  // namespace chatterbox
