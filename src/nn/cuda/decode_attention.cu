#include "nn/cuda/decode_attention.h"

#include "nn/cuda/decode_attention_kernel.h"
#include "nn/cuda/launch.cuh"
#include "nn/cuda/rope_cache_kernel.h"

namespace chatterbox::nn::cuda {
namespace {

template <class T, class Cached>
int attend(const DecodeStep& step, Stream stream) {
  using Attend = AttendChunk<T, Cached>;
  const int error = launch<Attend>(step, Attend::grid(step), stream);
  return error != 0 ? error : launch<JoinChunks<T>>(step, JoinChunks<T>::grid(step), stream);
}

template <class T, class Cached>
int rotate(const DecodeStep& step, Stream stream) {
  return launch<RopeCache<T, Cached>>(step, RopeCache<T, Cached>::grid(step), stream);
}

}  // namespace

int rope_and_cache(const DecodeStep& step, Type type, Type cache, Stream stream) {
  return of_types(type, cache, [&](auto t, auto cached) {
    return rotate<decltype(t), decltype(cached)>(step, stream);
  });
}

int decode_attention(const DecodeStep& step, Type type, Type cache, Stream stream) {
  return of_types(type, cache, [&](auto t, auto cached) {
    return attend<decltype(t), decltype(cached)>(step, stream);
  });
}

}  // namespace chatterbox::nn::cuda
