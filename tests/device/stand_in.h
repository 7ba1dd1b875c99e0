// A device where there is none: libtorch's PrivateUse1, whose memory the host cannot read. Each of
// its operators runs on the CPU, over the memory behind the addresses. What crosses between host
// and device is counted, and what is on the wrong side is refused.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace chatterbox::testing {

// Its name as a device. Registered with libtorch by use_stand_in(), which every test calls.
inline constexpr const char* kStandIn = "stand_in";
void use_stand_in();

// Where the host can write to the contiguous tensor of the device of which the calling thread made
// this copy last of all; null if it did not.
[[nodiscard]] void* downloaded_from(const void* copy);
// Whether every other replay of a graph is done by its work anew, and throws where that differs
// from what was recorded. It is so at first.
void check_replays(bool check);
// Whether no graph can be recorded: "the stand-in records nothing".
void refuse_recordings(bool refuse);

// Streams that put their work off as long as they may, while this lives: the one that a thread has
// at first, or all others. The first has no graphs then. Of one thread; see late_streams.h.
enum class Late { kNone, kFirstStream, kOtherStreams };
class LateStreams {
 public:
  explicit LateStreams(Late which);
  ~LateStreams();
  LateStreams(const LateStreams&) = delete;
  LateStreams& operator=(const LateStreams&) = delete;
};

// What the device was asked to do. An operator is what CUDA needs one launch for, or a few.
struct DeviceCounts {
  int64_t operators = 0;  // views are none
  int64_t uploads = 0, upload_bytes = 0;
  int64_t downloads = 0, download_bytes = 0;
  int64_t replays = 0;           // of graphs; their operators do not count
  int64_t synchronisations = 0;  // the host waited for all that the device had to do
  int64_t late_waits = 0;        // the host waited for a part of it, so that the device goes on
};

// All that the device is asked to do while this lives, by any thread.
class DeviceRecording {
 public:
  DeviceRecording();
  ~DeviceRecording();
  DeviceRecording(const DeviceRecording&) = delete;
  DeviceRecording& operator=(const DeviceRecording&) = delete;

  [[nodiscard]] DeviceCounts counts() const;
  // By their names.
  [[nodiscard]] std::map<std::string, int64_t> operators() const;
  // Both in words, for a message.
  [[nodiscard]] std::string report() const;
  void restart();
};

}  // namespace chatterbox::testing
