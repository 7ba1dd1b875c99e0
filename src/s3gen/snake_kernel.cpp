#include "s3gen/snake_kernel.h"

#include "nn/sine_squared.h"

namespace chatterbox::s3gen {

// The variant is chosen while the program is being linked, before ThreadSanitizer's library is
// there.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void snake_kernel(const float* __restrict x, const float* __restrict alpha,
                  const float* __restrict inverse, float* __restrict y, int64_t frames,
                  int64_t channels) {
  for (int64_t t = 0; t < frames; ++t) {
    const float* in = x + t * channels;
    float* out = y + t * channels;
    for (int64_t c = 0; c < channels; ++c) {
      out[c] = in[c] + inverse[c] * nn::sine_squared(in[c] * alpha[c]);
    }
  }
}

}  // namespace chatterbox::s3gen
