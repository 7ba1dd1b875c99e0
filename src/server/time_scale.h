// Faster or slower speech at the same pitch, as it comes (libsonic: PICOLA, made for speech).
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>
#include <vector>

struct sonicStreamStruct;

namespace chatterbox::server {

class TimeScale {
 public:
  explicit TimeScale(double speed);  // 2: twice as fast
  TimeScale(const TimeScale&) = delete;
  TimeScale& operator=(const TimeScale&) = delete;
  ~TimeScale();

  // Returns what is complete; valid until the next call. Some 30 ms are kept back.
  [[nodiscard]] const std::vector<float>& scale(Samples samples);
  [[nodiscard]] const std::vector<float>& finish();

 private:
  [[nodiscard]] const std::vector<float>& read();

  std::unique_ptr<sonicStreamStruct, void (*)(sonicStreamStruct*)> stream_;
  std::vector<float> scaled_;
};

}  // namespace chatterbox::server
