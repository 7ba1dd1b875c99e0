#include "server/time_scale.h"

#include <sonic.h>

#include <algorithm>
#include <new>

namespace chatterbox::server {
namespace {

constexpr int kSampleRate = 24000;

void check(int succeeded) {
  if (succeeded == 0) throw std::bad_alloc();  // the only way in which libsonic fails
}

}  // namespace

TimeScale::TimeScale(double speed)
    : stream_(sonicCreateStream(kSampleRate, 1), sonicDestroyStream) {
  if (!stream_) throw std::bad_alloc();
  sonicSetSpeed(stream_.get(), static_cast<float>(speed));
}
TimeScale::~TimeScale() = default;

const std::vector<float>& TimeScale::scale(Samples samples) {
  scaled_.clear();
  constexpr size_t kMost = kSampleRate;  // libsonic counts in int, and its buffers grow with this
  for (size_t begin = 0; begin < samples.size(); begin += kMost) {
    const size_t count = std::min(kMost, samples.size() - begin);
    // It takes a pointer to what it does not change.
    auto* const from = const_cast<float*>(samples.data() + begin);  // NOLINT(*-const-cast)
    check(sonicWriteFloatToStream(stream_.get(), from, static_cast<int>(count)));
    (void)read();
  }
  return scaled_;
}

const std::vector<float>& TimeScale::finish() {
  scaled_.clear();
  check(sonicFlushStream(stream_.get()));
  return read();
}

const std::vector<float>& TimeScale::read() {
  while (const int ready = sonicSamplesAvailable(stream_.get())) {
    const size_t before = scaled_.size();
    scaled_.resize(before + static_cast<size_t>(ready));
    const int count = sonicReadFloatFromStream(stream_.get(), scaled_.data() + before, ready);
    scaled_.resize(before + static_cast<size_t>(count));
    if (count == 0) break;
  }
  return scaled_;
}

}  // namespace chatterbox::server
