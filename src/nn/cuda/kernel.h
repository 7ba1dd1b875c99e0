// What CUDA kernels are written in. A kernel is a struct: its arguments, what a block shares, what
// a thread keeps, and phases with a barrier between them. A phase is a plain function of a block
// and a thread, so that a CPU can run it too, as a loop (tests/nn/host_launch.h): that is how the
// arithmetic is tested on every machine. launch.cuh runs it on a device. Torch-free.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define CHATTERBOX_DEVICE __host__ __device__ __forceinline__
#define CHATTERBOX_UNROLL _Pragma("unroll")
#else
#define CHATTERBOX_DEVICE inline
#define CHATTERBOX_UNROLL
#endif

struct CUstream_st;  // of the CUDA driver

namespace chatterbox::nn::cuda {

using Stream = CUstream_st*;  // cudaStream_t

// Of a block in its grid; of a grid in blocks.
struct Place {
  int x, y, z;
};

inline constexpr int kHeadSize = 64;

struct Bf16 {
  uint16_t bits;
};
// What an address points to.
enum class Type { kFloat, kBf16 };
// body(T(), Cached()) with what the types are in C++; of the host.
template <class Body>
auto of_types(Type type, Type cache, const Body& body) {
  const auto with = [&](auto first) {
    return cache == Type::kFloat ? body(first, float{}) : body(first, Bf16{});
  };
  return type == Type::kFloat ? with(float{}) : with(Bf16{});
}

template <class To, class From>
CHATTERBOX_DEVICE To same_bits(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "must be of one size");
  To to;
  memcpy(&to, &from, sizeof(To));
  return to;
}

CHATTERBOX_DEVICE float widen(float x) { return x; }
CHATTERBOX_DEVICE float widen(Bf16 x) { return same_bits<float>(uint32_t{x.bits} << 16U); }

// To the nearest, ties to even. What is no number stays none.
template <class T>
CHATTERBOX_DEVICE T narrow(float x);
template <>
CHATTERBOX_DEVICE float narrow<float>(float x) {
  return x;
}
template <>
CHATTERBOX_DEVICE Bf16 narrow<Bf16>(float x) {
  constexpr uint32_t kQuiet = 0x40, kHalf = 0x7fff;
  const auto bits = same_bits<uint32_t>(x);
  if (x != x) return {static_cast<uint16_t>((bits >> 16U) | kQuiet)};
  return {static_cast<uint16_t>((bits + kHalf + ((bits >> 16U) & 1U)) >> 16U)};
}

// 16 bytes, which a thread reads at once.
struct alignas(16) Words {
  uint32_t words[4];
};

// Eight numbers that follow each other, as they are in memory: at an address that is a multiple of
// 16.
template <class T>
struct Packed {
  Words words[8 * sizeof(T) / sizeof(Words)];
};
template <class T>
CHATTERBOX_DEVICE Packed<T> read_eight(const T* from) {
  Packed<T> packed;
  CHATTERBOX_UNROLL
  for (int i = 0; i < static_cast<int>(sizeof(packed) / sizeof(Words)); ++i) {
    packed.words[i] = reinterpret_cast<const Words*>(from)[i];
  }
  return packed;
}

struct Eight {
  float values[8];
};
CHATTERBOX_DEVICE Eight widen(const Packed<float>& packed) {
  Eight eight;
  CHATTERBOX_UNROLL
  for (int i = 0; i < 8; ++i) {
    eight.values[i] = same_bits<float>(packed.words[i / 4].words[i % 4]);
  }
  return eight;
}
CHATTERBOX_DEVICE Eight widen(const Packed<Bf16>& packed) {
  Eight eight;
  CHATTERBOX_UNROLL
  for (int i = 0; i < 4; ++i) {
    eight.values[2 * i] = same_bits<float>(packed.words[0].words[i] << 16U);
    eight.values[2 * i + 1] = same_bits<float>(packed.words[0].words[i] & 0xffff0000U);
  }
  return eight;
}

}  // namespace chatterbox::nn::cuda
