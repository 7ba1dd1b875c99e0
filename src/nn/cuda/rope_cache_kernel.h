// One decode step's queries and keys rotated by their positions, keys and values appended to the
// cache: one launch.
#pragma once

#include "nn/cuda/decode_attention.h"
#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

// A block has a part of one row's heads; a thread, the pair (i, i + 32) of one of its heads.
template <class T, class Cached>
struct RopeCache {
  using Arguments = DecodeStep;
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 1;
  static constexpr int kPairs = kHeadSize / 2;
  static constexpr int kHeadsPerBlock = kThreads / kPairs;
  struct Shared {};
  struct Registers {};

  static Place grid(const Arguments& a) {
    return {a.rows, (a.heads + kHeadsPerBlock - 1) / kHeadsPerBlock, 1};
  }

  CHATTERBOX_DEVICE static void run(int /*phase*/, const Arguments& a, Place block, int thread,
                                    Shared& /*shared*/, Registers& /*registers*/) {
    const int head = block.y * kHeadsPerBlock + thread / kPairs;
    if (head >= a.heads) return;
    const int pair = thread % kPairs;
    const int64_t position = a.positions[block.x];
    T* query = static_cast<T*>(a.qkv) + (int64_t{3} * block.x * a.heads + head) * kHeadSize + pair;
    const int64_t third = int64_t{a.heads} * kHeadSize;
    auto* cached =
        static_cast<Cached*>(a.cache) +
        ((a.cache_rows[block.x] * 2 * a.heads + head) * a.capacity + position) * kHeadSize + pair;
    const Pair rotated = rotate(read(query), a, position, pair);
    query[0] = narrow<T>(rotated.first);
    query[kPairs] = narrow<T>(rotated.second);
    write(rotate(read(query + third), a, position, pair), cached);
    write(read(query + 2 * third), cached + third * a.capacity);
  }

 private:
  struct Pair {
    float first, second;
  };
  CHATTERBOX_DEVICE static Pair read(const T* from) {
    return {widen(from[0]), widen(from[kPairs])};
  }
  CHATTERBOX_DEVICE static void write(const Pair& pair, Cached* to) {
    to[0] = narrow<Cached>(pair.first);
    to[kPairs] = narrow<Cached>(pair.second);
  }
  CHATTERBOX_DEVICE static Pair rotate(const Pair& x, const Arguments& a, int64_t position,
                                       int pair) {
    if (a.cos == nullptr) return x;
    const float cos = a.cos[position * kPairs + pair], sin = a.sin[position * kPairs + pair];
    return {x.first * cos - x.second * sin, x.second * cos + x.first * sin};
  }
};

}  // namespace chatterbox::nn::cuda
