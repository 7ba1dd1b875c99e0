// The files of a model by their names, in a folder or in memory. Torch-free.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/file_bytes.h"

namespace chatterbox {

// Any thread may ask.
class FileSource {
 public:
  virtual ~FileSource() = default;
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;  // sorted
  [[nodiscard]] virtual bool has(const std::string& name) const = 0;
  // For messages: "folder/name".
  [[nodiscard]] virtual std::string path(const std::string& name) const = 0;
  // kNotFound, and what open_file() throws.
  [[nodiscard]] virtual std::shared_ptr<const FileBytes> open(const std::string& name,
                                                              FileAccess access) const = 0;
  // All of a small file. kIo above `limit` bytes.
  [[nodiscard]] virtual std::string read(const std::string& name, size_t limit) const = 0;
};

class Folder final : public FileSource {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::vector<std::string> names() const override;  // empty where there is no folder
  [[nodiscard]] bool has(const std::string& name) const override;
  [[nodiscard]] std::string path(const std::string& name) const override;
  [[nodiscard]] std::shared_ptr<const FileBytes> open(const std::string& name,
                                                      FileAccess access) const override;
  [[nodiscard]] std::string read(const std::string& name, size_t limit) const override;

 private:
  const std::string path_;
};

// Nothing is copied when a file is opened, but for FileAccess::kLocked.
class FilesInMemory final : public FileSource {
 public:
  using Files = std::map<std::string, std::shared_ptr<const FileBytes>>;
  // `name`: the model's, in the place of a folder's.
  FilesInMemory(std::string name, Files files) : name_(std::move(name)), files_(std::move(files)) {}
  [[nodiscard]] std::vector<std::string> names() const override;
  [[nodiscard]] bool has(const std::string& name) const override;
  [[nodiscard]] std::string path(const std::string& name) const override;
  [[nodiscard]] std::shared_ptr<const FileBytes> open(const std::string& name,
                                                      FileAccess access) const override;
  [[nodiscard]] std::string read(const std::string& name, size_t limit) const override;

 private:
  [[nodiscard]] const std::shared_ptr<const FileBytes>& find(const std::string& name) const;

  const std::string name_;
  const Files files_;
};

}  // namespace chatterbox
