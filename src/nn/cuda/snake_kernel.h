#pragma once

#include "nn/cuda/snake.h"
#include "nn/sine_squared.h"

namespace chatterbox::nn::cuda {

// A thread has kWidth channels of a frame that follow each other: four, read at once, where the
// channels are a multiple.
template <int kWidth>
struct SnakeKernel {
  using Arguments = Snake;
  static constexpr int kThreads = 256;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Registers {};
  struct alignas(sizeof(float) * kWidth) Channels {
    float values[kWidth];
  };

  static Place grid(const Arguments& a) {
    const int64_t threads = a.rows * a.frames * a.channels / kWidth;
    return {static_cast<int>((threads + kThreads - 1) / kThreads), 1, 1};
  }

  CHATTERBOX_DEVICE static void run(int /*phase*/, const Arguments& a, Place block, int thread,
                                    Shared& /*shared*/, Registers& /*registers*/) {
    const int64_t first = (int64_t{block.x} * kThreads + thread) * kWidth;
    if (first >= a.rows * a.frames * a.channels) return;
    const int64_t frame = first / a.channels, channel = first % a.channels;
    Channels result{};
    if (a.keep == nullptr || a.keep[frame] != 0) {
      const Channels x = *reinterpret_cast<const Channels*>(a.x + first);
      const Channels alpha = *reinterpret_cast<const Channels*>(a.alpha + channel);
      const Channels inverse = *reinterpret_cast<const Channels*>(a.inverse + channel);
      CHATTERBOX_UNROLL
      for (int i = 0; i < kWidth; ++i) {
        const float value = x.values[i];
        result.values[i] = value + inverse.values[i] * sine_squared(value * alpha.values[i]);
      }
    }
    *reinterpret_cast<Channels*>(a.out + first) = result;
  }
};

}  // namespace chatterbox::nn::cuda
