#include "app/raw_samples.h"

#include <algorithm>
#include <utility>

namespace chatterbox::app {

AudioWriter::Sink without_header(AudioWriter::Sink sink) {
  constexpr size_t kHeaderBytes = 44;
  return [sink = std::move(sink), header = kHeaderBytes](const void* data, size_t size) mutable {
    const size_t skipped = std::min(header, size);
    header -= skipped;
    return size == skipped || sink(static_cast<const char*>(data) + skipped, size - skipped);
  };
}

}  // namespace chatterbox::app
