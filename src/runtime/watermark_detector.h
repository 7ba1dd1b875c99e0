// Whether a recording carries the Perth watermark. Torch-free.
#pragma once

#include <memory>
#include <string>

#include "audio/audio.h"

namespace chatterbox::runtime {

// The watermark's weights, loaded once. Any thread may ask.
class WatermarkDetector {
 public:
  // `weights`: a file; empty: the one that is installed, or that the environment names. kNotFound
  // where there is none. `threads`: that compute.
  WatermarkDetector(const std::string& weights, int threads);
  WatermarkDetector(WatermarkDetector&&) noexcept;
  ~WatermarkDetector();

  // 0 to 1: above 0.5 it does. `audio` as validated by the engine.
  [[nodiscard]] float detect(const Audio& audio) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatterbox::runtime
