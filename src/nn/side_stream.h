// A second stream of a device, for work that the first one need not wait for.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <functional>
#include <optional>

namespace chatterbox::nn {

// Of the calling thread. What is allocated in its work must be used and freed there, too, since the
// allocator gives memory back to the stream that it was taken for. On a CPU, and on a device that
// has one stream, all is done in the order in which it is asked for.
class SideStream {
 public:
  explicit SideStream(c10::Device device);
  SideStream(const SideStream&) = delete;
  SideStream& operator=(const SideStream&) = delete;
  ~SideStream();  // once its work is done

  // How far its work was asked for.
  using Mark = std::optional<c10::Event>;

  // Asks for the work there, after all that the current stream was asked for so far.
  void run(const std::function<void()>& work) const;
  [[nodiscard]] Mark mark() const;
  // Whether the device is so far. Does not wait.
  [[nodiscard]] static bool reached(const Mark& mark) { return !mark || mark->query(); }
  // What the current stream is asked for from now on comes after that. The host does not wait.
  void join(const Mark& mark) const;

 private:
  c10::Device device_;
  std::optional<c10::Stream> stream_;  // none on a CPU
};

}  // namespace chatterbox::nn
