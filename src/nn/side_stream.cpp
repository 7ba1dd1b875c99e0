#include "nn/side_stream.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace chatterbox::nn {
namespace {

c10::Stream current_stream(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

}  // namespace

SideStream::SideStream(c10::Device device) : device_(device) {
  if (device.is_cpu()) return;
  stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

SideStream::~SideStream() {
  try {
    if (stream_) stream_->synchronize();
  } catch (const c10::Error&) {  // the device is lost, and its work with it
    return;
  }
}

void SideStream::run(const std::function<void()>& work) const {
  if (!stream_) return work();
  c10::Event before(device_.type());
  before.record(current_stream(device_));
  before.block(*stream_);
  const c10::StreamGuard guard(*stream_);
  work();
}

SideStream::Mark SideStream::mark() const {
  if (!stream_) return std::nullopt;
  Mark mark(std::in_place, device_.type());
  mark->record(*stream_);
  return mark;
}

void SideStream::join(const Mark& mark) const {
  if (mark) mark->block(current_stream(device_));
}

}  // namespace chatterbox::nn
