// What a fuzzer calls, and driver.cpp, and what the targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace chatterbox::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// Bytes, then zeros.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}
  [[nodiscard]] bool empty() const { return data_ == end_; }
  uint8_t next() { return empty() ? 0 : *data_++; }
  size_t below(size_t bound) { return next() % bound; }
  bool one_of(size_t count) { return below(count) == 0; }
  [[nodiscard]] std::string_view rest() const {
    return {reinterpret_cast<const char*>(data_), static_cast<size_t>(end_ - data_)};
  }

 private:
  const uint8_t *data_, *end_;
};

}  // namespace chatterbox::fuzz
