// Files read whole, and files that take their name only when they are complete. Torch-free.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace chatterbox {

// The bytes of a file, a pipe or a device. kNotFound, kIo with the system's reason; kIo above
// `limit` bytes. `check_start` sees the first bytes (64 KiB, or all) before the rest is read, and
// may throw. Messages begin with the path.
[[nodiscard]] std::string read_file(
    const std::string& path, size_t limit,
    const std::function<void(std::string_view start)>& check_start = nullptr);

// A file that is open for writing. Failures are kIo, "NAME: cannot be written: REASON".
class OutputFile {
 public:
  // What open(2) returned, which may be a failure; `name` is what messages call the file.
  OutputFile(int file, std::string name);
  ~OutputFile();  // close(), without errors
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void append(std::string_view bytes);
  // Over what is there. Not for a pipe or a device.
  void write_at(size_t offset, std::string_view bytes);
  void close();
  [[nodiscard]] bool is_regular() const;

 private:
  std::string name_;
  int file_ = -1;  // -1: closed
};

// Writes beside `path`, under a name of its own, and renames on commit(); without that, nothing
// remains. Who reads `path` sees the old file or the new one, never a part; of several writers the
// last to commit wins. A link stays one: what it leads to is replaced. A device or a pipe is not
// replaced but written to at once.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes) { file_.append(bytes); }
  void commit();

 private:
  const std::string name_;       // in messages
  const std::string target_;     // behind links
  const std::string temporary_;  // empty: the target itself is written to
  OutputFile file_;
  bool committed_ = false;
};

// A free name for what is to be renamed to `path`, beside it. It does not depend on that name,
// which may be as long as names can be.
[[nodiscard]] std::string temporary_beside(const std::string& path);

// All at once.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace chatterbox
