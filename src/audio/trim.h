// librosa.effects.trim: where the audible part of a recording begins and ends.
#pragma once

#include <cstddef>
#include <vector>

namespace chatterbox::audio {

struct Range {
  size_t begin = 0;
  size_t end = 0;  // one past the last
};

// Drops what precedes the first and follows the last frame (2048 samples, every 512) whose RMS is
// less than `top_db` below the loudest frame's. A silent signal is as loud as its loudest frame: it
// stays.
[[nodiscard]] Range trim_silence(const std::vector<float>& samples, double top_db);

}  // namespace chatterbox::audio
