#include "support/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "support/error.h"

namespace chatterbox {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStartBytes = size_t{1} << 16U;
constexpr size_t kBlockBytes = size_t{1} << 20U;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using InputFile = std::unique_ptr<std::FILE, CloseFile>;

[[noreturn]] void fail_to_read(const std::string& path, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  fail(absent ? Status::kNotFound : Status::kIo, "{}: {}", path,
       std::generic_category().message(error));
}

[[noreturn]] void fail_to_write(const std::string& name, int error) {
  fail(Status::kIo, "{}: cannot be written: {}", name, std::generic_category().message(error));
}

// The size of a regular file; of others it is not known.
size_t known_size(std::FILE* file) {
  struct stat status {};
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<size_t>(status.st_size);
}

// False at the end.
bool read_more(std::FILE* file, size_t count, const std::string& path, std::string& bytes) {
  const size_t before = bytes.size();
  bytes.resize(before + count);
  bytes.resize(before + std::fread(&bytes[before], 1, count, file));
  if (std::ferror(file) != 0) fail_to_read(path, errno);
  return bytes.size() == before + count;
}

// What is behind links, even where there is nothing yet.
std::string resolve(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as Linux has it
  std::error_code ignored;
  const fs::path resolved = fs::canonical(path, ignored);
  if (!resolved.empty()) return resolved.string();
  fs::path target = path;
  for (int links = 0; fs::is_symlink(target, ignored); ++links) {
    if (links == kMaxLinks) fail_to_write(path, ELOOP);
    target = target.parent_path() / fs::read_symlink(target, ignored);
  }
  return target.string();
}

std::string temporary_for(const std::string& target) {
  std::error_code ignored;
  return fs::is_other(target, ignored) ? "" : temporary_beside(target);
}

}  // namespace

std::string temporary_beside(const std::string& path) {
  static std::atomic<uint64_t> count{0};
  const fs::path folder = fs::path(path).parent_path();
  for (;;) {
    std::string free = (folder / fmt::format(".chatterbox-{}-{}.tmp", getpid(), count++)).string();
    // Another machine's process may have this one's number.
    std::error_code ignored;
    if (!fs::exists(free, ignored)) return free;
  }
}

std::string read_file(const std::string& path, size_t limit,
                      const std::function<void(std::string_view start)>& check_start) {
  const InputFile file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) fail_to_read(path, errno);
  const size_t size = known_size(file.get());
  if (size > limit) {
    fail(Status::kIo, "{}: has {} bytes, at most {} can be read", path, size, limit);
  }
  std::string bytes;
  bool more = read_more(file.get(), kStartBytes, path, bytes);
  if (check_start) check_start(bytes);
  bytes.reserve(size + kBlockBytes);  // and room to see the end
  while (more && bytes.size() <= limit) more = read_more(file.get(), kBlockBytes, path, bytes);
  if (bytes.size() > limit) {
    fail(Status::kIo, "{}: has more than the {} bytes that can be read", path, limit);
  }
  return bytes;
}

OutputFile::OutputFile(int file, std::string name) : name_(std::move(name)), file_(file) {
  if (file_ < 0) fail_to_write(name_, errno);
}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
}

void OutputFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail_to_write(name_, errno);
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void OutputFile::write_at(size_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno != EINTR) fail_to_write(name_, errno);
    if (written <= 0) continue;
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<size_t>(written);
  }
}

void OutputFile::close() {
  const int file = std::exchange(file_, -1);
  if (file >= 0 && ::close(file) != 0) fail_to_write(name_, errno);
}

bool OutputFile::is_regular() const {
  struct stat status {};
  return fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
}

AtomicFile::AtomicFile(const std::string& path)
    : name_(path),
      target_(resolve(path)),
      temporary_(temporary_for(target_)),
      file_(temporary_.empty()
                ? open(target_.c_str(), O_WRONLY | O_CLOEXEC)
                : open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666),
            name_) {}

AtomicFile::~AtomicFile() {
  if (!committed_ && !temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::commit() {
  file_.close();
  if (!temporary_.empty() && std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    fail_to_write(name_, errno);
  }
  committed_ = true;
}

void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace chatterbox
