#include "audio/sndfile_handle.h"

#include <mutex>
#include <utility>

namespace chatterbox::audio {

void VirtualFile::rethrow() {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

SF_VIRTUAL_IO VirtualFile::callbacks() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* file) {
    return static_cast<sf_count_t>(static_cast<VirtualFile*>(file)->size());
  };
  io.tell = [](void* file) {
    return static_cast<sf_count_t>(static_cast<VirtualFile*>(file)->position_);
  };
  io.seek = [](sf_count_t offset, int whence, void* data) -> sf_count_t {
    auto& file = *static_cast<VirtualFile*>(data);
    const size_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.position_ : file.size();
    const sf_count_t position = static_cast<sf_count_t>(base) + offset;
    if (position < 0) return -1;
    file.position_ = static_cast<size_t>(position);
    return position;
  };
  io.read = [](void* bytes, sf_count_t count, void* data) -> sf_count_t {
    auto& file = *static_cast<VirtualFile*>(data);
    const size_t read = count > 0 ? file.read(bytes, static_cast<size_t>(count)) : 0;
    file.position_ += read;
    return static_cast<sf_count_t>(read);
  };
  io.write = [](const void* bytes, sf_count_t count, void* data) -> sf_count_t {
    auto& file = *static_cast<VirtualFile*>(data);
    if (count <= 0) return 0;
    try {
      if (!file.is_broken_) file.write(bytes, static_cast<size_t>(count));
    } catch (...) {
      file.is_broken_ = true;
      file.thrown_ = std::current_exception();
    }
    file.position_ += static_cast<size_t>(count);
    return count;
  };
  return io;
}

SndfileHandle open_sndfile(VirtualFile& file, int mode, SF_INFO& info) {
  SF_VIRTUAL_IO io = VirtualFile::callbacks();
  // libsndfile keeps why it did not open a file for all threads together.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  SndfileHandle opened;
  opened.handle.reset(sf_open_virtual(&io, mode, &info, &file));
  if (!opened.handle) opened.error = sf_strerror(nullptr);
  return opened;
}

}  // namespace chatterbox::audio
