// The arithmetic of Snake on a CPU. Torch-free, so that the compiler sees nothing but the loop.
#pragma once

#include <cstdint>

namespace chatterbox::s3gen {

// x and y: [frames, channels]; alpha and inverse: [channels]. sin² within 3e-7 for |αx| up to 1000.
void snake_kernel(const float* x, const float* alpha, const float* inverse, float* y,
                  int64_t frames, int64_t channels);

}  // namespace chatterbox::s3gen
