#include "support/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "support/error.h"

namespace chatterbox {
namespace {

[[noreturn]] void fail_io(const std::string& path) {
  const int code = errno;
  const bool absent = code == ENOENT || code == ENOTDIR;
  fail(absent ? Status::kNotFound : Status::kIo, "{}: {}", path,
       std::generic_category().message(code));
}

// A regular file, open for reading.
class InputFile {
 public:
  explicit InputFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail_io(path);
  }
  ~InputFile() { ::close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] size_t size(const std::string& path) const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail_io(path);
    if (!S_ISREG(status.st_mode)) fail(Status::kIo, "{}: not a regular file", path);
    return static_cast<size_t>(status.st_size);
  }

 private:
  int fd_;
};

class MappedFile final : public FileBytes {
 public:
  explicit MappedFile(const std::string& path) {
    const InputFile file(path);
    size_ = file.size(path);
    if (size_ == 0) return;  // mmap refuses an empty range
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data_ == MAP_FAILED) fail_io(path);
  }
  ~MappedFile() override {
    if (size_ > 0) ::munmap(data_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] const unsigned char* data() const override {
    return static_cast<const unsigned char*>(data_);
  }
  [[nodiscard]] size_t size() const override { return size_; }
  void let_go(const void* data, size_t size) const override;

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

// A private mapping that was never written has nothing that the file has not.
void MappedFile::let_go(const void* data, size_t size) const {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto file = reinterpret_cast<uintptr_t>(data_);
  const auto first = reinterpret_cast<uintptr_t>(data);
  if (first < file || first - file > size_ || size > size_ - (first - file)) return;
  const uintptr_t begin = (first + page - 1) / page * page;
  const uintptr_t end = (first + size) / page * page;
  if (begin < end)
    ::madvise(static_cast<char*>(data_) + (begin - file), end - begin, MADV_DONTNEED);
}

// Pages of memory of their own: what is locked shares none with other data.
class Pages final : public FileBytes {
 public:
  Pages(size_t size, const std::string& name) : size_(size) {
    if (size_ == 0) return;
    data_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED) {
      fail(Status::kOutOfMemory, "{}: {} bytes: {}", name, size_,
           std::generic_category().message(errno));
    }
  }
  ~Pages() override {
    if (size_ > 0) ::munmap(data_, size_);  // unlocks, too
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  [[nodiscard]] const unsigned char* data() const override {
    return static_cast<const unsigned char*>(data_);
  }
  [[nodiscard]] size_t size() const override { return size_; }
  [[nodiscard]] unsigned char* target() { return static_cast<unsigned char*>(data_); }
  void lock(const std::string& name) const;

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

void Pages::lock(const std::string& name) const {
  if (size_ == 0 || ::mlock(data_, size_) == 0) return;
  const std::string reason = std::generic_category().message(errno);
  struct rlimit limit {};
  const bool limited = ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  fail(Status::kOutOfMemory,
       "{}: {} bytes cannot be kept in physical memory: {}; the process may lock {} in all "
       "(RLIMIT_MEMLOCK, ulimit -l)",
       name, size_, reason, limited ? fmt::format("{} bytes", limit.rlim_cur) : "any number");
}

std::shared_ptr<Pages> read_pages(const std::string& path) {
  const InputFile file(path);
  auto pages = std::make_shared<Pages>(file.size(path), path);
  for (size_t done = 0; done < pages->size();) {
    const ssize_t count = ::read(file.get(), pages->target() + done, pages->size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io(path);
    if (count == 0) fail(Status::kIo, "{}: became shorter while it was read", path);
    done += static_cast<size_t>(count);
  }
  return pages;
}

class OwnBytes final : public FileBytes {
 public:
  explicit OwnBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] const unsigned char* data() const override {
    return reinterpret_cast<const unsigned char*>(bytes_.data());
  }
  [[nodiscard]] size_t size() const override { return bytes_.size(); }

 private:
  const std::string bytes_;
};

}  // namespace

std::shared_ptr<const FileBytes> open_file(const std::string& path, FileAccess access) {
  if (access == FileAccess::kMapped) return std::make_shared<MappedFile>(path);
  std::shared_ptr<Pages> pages = read_pages(path);
  if (access == FileAccess::kLocked) pages->lock(path);
  return pages;
}

std::shared_ptr<const FileBytes> copy_bytes(const void* data, size_t size) {
  return own_bytes({static_cast<const char*>(data), size});
}

std::shared_ptr<const FileBytes> own_bytes(std::string bytes) {
  return std::make_shared<OwnBytes>(std::move(bytes));
}

std::shared_ptr<const FileBytes> lock_bytes(std::string_view bytes, const std::string& name) {
  auto pages = std::make_shared<Pages>(bytes.size(), name);
  std::copy(bytes.begin(), bytes.end(), pages->target());
  pages->lock(name);
  return pages;
}

}  // namespace chatterbox
