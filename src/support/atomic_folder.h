// A folder that takes its name only when it is complete. Torch-free.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace chatterbox {

// Made beside `path` under a name of its own, and renamed on commit(); without that, nothing
// remains. Failures are kIo and name the file as it is to be called.
class AtomicFolder {
 public:
  // Throws where `path` is there and not an empty folder, or cannot be made.
  explicit AtomicFolder(const std::string& path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  // The same file under `name`: a hard link to what `from` leads to, or a copy where the system
  // makes no link, as to another file system.
  void add(const std::string& from, const std::string& name) const;
  // A file of what `write` sends.
  using Sink = std::function<void(std::string_view bytes)>;
  void add(const std::string& name, const std::function<void(const Sink& sink)>& write) const;
  void commit();

 private:
  [[nodiscard]] std::string named(const std::string& name) const;  // in messages

  const std::string path_;
  const std::string target_;
  const std::string temporary_;
  bool committed_ = false;
};

}  // namespace chatterbox
