// libsndfile over bytes that are not in a file of the system.
#pragma once

#include <sndfile.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>

namespace chatterbox::audio {

// What libsndfile reads or writes. It must outlive the handle.
class VirtualFile {
 public:
  virtual ~VirtualFile() = default;
  VirtualFile() = default;
  VirtualFile(const VirtualFile&) = delete;
  VirtualFile& operator=(const VirtualFile&) = delete;

  virtual size_t size() = 0;
  // At position(), which moves by what is read: less than asked at the end.
  virtual size_t read(void* /*data*/, size_t /*count*/) { return 0; }
  // At position(), all of it.
  virtual void write(const void* /*data*/, size_t /*count*/) {}

  [[nodiscard]] size_t position() const { return position_; }
  // What write() threw, once. Exceptions cannot pass through libsndfile, and it leaks memory where
  // a write fails: it is told that all is well, and nothing more is written.
  void rethrow();

  // For sf_open_virtual(), whose user data is then this object.
  [[nodiscard]] static SF_VIRTUAL_IO callbacks();

 private:
  size_t position_ = 0;
  bool is_broken_ = false;
  std::exception_ptr thrown_;
};

struct CloseSndfile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
struct SndfileHandle {
  std::unique_ptr<SNDFILE, CloseSndfile> handle;  // null: it cannot be opened
  std::string error;                              // then
};

// `mode`: SFM_READ or SFM_WRITE. `info`: see sf_open().
[[nodiscard]] SndfileHandle open_sndfile(VirtualFile& file, int mode, SF_INFO& info);

}  // namespace chatterbox::audio
