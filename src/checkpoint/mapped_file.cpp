#include "checkpoint/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <vector>

#include "support/error.h"

namespace chatterbox::checkpoint {
namespace {

[[noreturn]] void fail_io(const std::string& path) {
  const int code = errno;
  const bool absent = code == ENOENT || code == ENOTDIR;
  fail(absent ? Status::kNotFound : Status::kIo, "{}: {}", path,
       std::generic_category().message(code));
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail_io(path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class MappedFile final : public Bytes {
 public:
  explicit MappedFile(const std::string& path) {
    const Descriptor file(path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail_io(path);
    if (!S_ISREG(status.st_mode)) fail(Status::kIo, "{}: not a regular file", path);
    size_ = static_cast<size_t>(status.st_size);
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

class CopiedBytes final : public Bytes {
 public:
  CopiedBytes(const void* data, size_t size)
      : bytes_(static_cast<const unsigned char*>(data),
               static_cast<const unsigned char*>(data) + size) {}
  [[nodiscard]] const unsigned char* data() const override { return bytes_.data(); }
  [[nodiscard]] size_t size() const override { return bytes_.size(); }
  void let_go(const void* /*data*/, size_t /*size*/) const override {}

 private:
  std::vector<unsigned char> bytes_;
};

}  // namespace

std::shared_ptr<const Bytes> map_file(const std::string& path) {
  return std::make_shared<MappedFile>(path);
}

std::shared_ptr<const Bytes> copy_bytes(const void* data, size_t size) {
  return std::make_shared<CopiedBytes>(data, size);
}

}  // namespace chatterbox::checkpoint
