// How much memory the stand-in device gives.
#pragma once

#include <cstdint>

namespace chatterbox::testing {

// While it lives, more than so many bytes at a time are too much: c10::OutOfMemoryError.
class DeviceMemoryLimit {
 public:
  explicit DeviceMemoryLimit(int64_t bytes);
  ~DeviceMemoryLimit();
  DeviceMemoryLimit(const DeviceMemoryLimit&) = delete;
  DeviceMemoryLimit& operator=(const DeviceMemoryLimit&) = delete;
};

// The most memory that was taken at a time while this lives, beyond what was when it began.
class DeviceMemoryPeak {
 public:
  DeviceMemoryPeak();
  [[nodiscard]] int64_t bytes() const;

 private:
  int64_t before_;
};

}  // namespace chatterbox::testing
