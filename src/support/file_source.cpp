#include "support/file_source.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "support/error.h"
#include "support/file_io.h"

namespace chatterbox {

namespace fs = std::filesystem;

std::vector<std::string> Folder::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    if (entry->is_regular_file(gone)) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool Folder::has(const std::string& name) const {
  std::error_code ignored;
  return fs::exists(path(name), ignored);
}

std::string Folder::path(const std::string& name) const {
  return (fs::path(path_) / name).string();
}

std::shared_ptr<const FileBytes> Folder::open(const std::string& name, FileAccess access) const {
  return open_file(path(name), access);
}

std::string Folder::read(const std::string& name, size_t limit) const {
  return read_file(path(name), limit);
}

const std::shared_ptr<const FileBytes>& FilesInMemory::find(const std::string& name) const {
  const auto found = files_.find(name);
  if (found == files_.end()) {
    fail(Status::kNotFound, "{}: not among the files that were given", path(name));
  }
  return found->second;
}

std::vector<std::string> FilesInMemory::names() const {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files_) names.push_back(name);
  return names;
}

bool FilesInMemory::has(const std::string& name) const { return files_.count(name) > 0; }

std::string FilesInMemory::path(const std::string& name) const {
  return (fs::path(name_) / name).string();
}

std::shared_ptr<const FileBytes> FilesInMemory::open(const std::string& name,
                                                     FileAccess access) const {
  const std::shared_ptr<const FileBytes>& bytes = find(name);
  return access == FileAccess::kLocked ? lock_bytes(bytes->view(), path(name)) : bytes;
}

std::string FilesInMemory::read(const std::string& name, size_t limit) const {
  const std::string_view bytes = find(name)->view();
  if (bytes.size() > limit) {
    fail(Status::kIo, "{}: has {} bytes, at most {} can be read", path(name), bytes.size(), limit);
  }
  return std::string(bytes);
}

}  // namespace chatterbox
