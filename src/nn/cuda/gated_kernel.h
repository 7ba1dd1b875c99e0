#pragma once

#include <cmath>

#include "nn/cuda/gated.h"

namespace chatterbox::nn::cuda {

// A thread has one number.
template <class T>
struct GatedKernel {
  using Arguments = Gated;
  static constexpr int kThreads = 256;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Registers {};

  static Place grid(const Arguments& a) {
    return {static_cast<int>((a.rows * a.size + kThreads - 1) / kThreads), 1, 1};
  }

  CHATTERBOX_DEVICE static void run(int /*phase*/, const Arguments& a, Place block, int thread,
                                    Shared& /*shared*/, Registers& /*registers*/) {
    const int64_t i = int64_t{block.x} * kThreads + thread;
    if (i >= a.rows * a.size) return;
    const T* from = static_cast<const T*>(a.gate_up) + i + i / a.size * a.size;
    const float gate = widen(*from);
    const float silu = gate / (1.0F + expf(-gate));
    static_cast<T*>(a.out)[i] = narrow<T>(silu * widen(from[a.size]));
  }
};

}  // namespace chatterbox::nn::cuda
