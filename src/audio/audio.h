// Samples as they come in and go out. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chatterbox {

// Interleaved samples, nominally in [-1, 1].
struct Audio {
  std::vector<float> samples;
  int32_t sample_rate = 24000;  // Hz
  int32_t channels = 1;         // results are mono
};

}  // namespace chatterbox
