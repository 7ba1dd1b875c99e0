#include "device/emulated_kernels.h"

#include "device/device_counts.h"
#include "device/hidden_memory.h"
#include "nn/cuda/decode_attention_kernel.h"
#include "nn/cuda/gated_kernel.h"
#include "nn/cuda/rope_cache_kernel.h"
#include "nn/cuda/sampler_kernel.h"
#include "nn/cuda/snake_kernel.h"
#include "nn/device_kernels.h"
#include "nn/host_launch.h"

namespace chatterbox::testing {
namespace {

using nn::cuda::Bf16;
using nn::cuda::Stream;
using nn::cuda::Type;

template <class T>
void reveal(T*& address) {
  address = static_cast<T*>(behind(address));
}
template <class... T>
void reveal_all(T*&... addresses) {
  (reveal(addresses), ...);
}

nn::cuda::DecodeStep revealed(nn::cuda::DecodeStep step) {
  reveal_all(step.qkv, step.cache_rows, step.positions, step.cos, step.sin, step.cache,
             step.workspace, step.out);
  return step;
}

// Calls body(T(), Cached()).
template <class Body>
void of_types(Type type, Type cache, const Body& body) {
  const auto with = [&](auto first) {
    cache == Type::kFloat ? body(first, float{}) : body(first, Bf16{});
  };
  type == Type::kFloat ? with(float{}) : with(Bf16{});
}

int rope_and_cache(const nn::cuda::DecodeStep& step, Type type, Type cache, Stream /*stream*/) {
  count_operator("own::rope_and_cache");
  of_types(type, cache, [&](auto t, auto cached) {
    launch_on_host<nn::cuda::RopeCache<decltype(t), decltype(cached)>>(revealed(step));
  });
  return 0;
}

// Two launches.
int decode_attention(const nn::cuda::DecodeStep& step, Type type, Type cache, Stream /*stream*/) {
  count_operator("own::attend_chunk");
  count_operator("own::join_chunks");
  of_types(type, cache, [&](auto t, auto cached) {
    launch_on_host<nn::cuda::AttendChunk<decltype(t), decltype(cached)>>(revealed(step));
    launch_on_host<nn::cuda::JoinChunks<decltype(t)>>(revealed(step));
  });
  return 0;
}

int gated(const nn::cuda::Gated& layer, Type type, Stream /*stream*/) {
  count_operator("own::gated");
  nn::cuda::Gated arguments = layer;
  reveal_all(arguments.gate_up, arguments.out);
  of_types(type, Type::kFloat, [&](auto t, auto /*cached*/) {
    launch_on_host<nn::cuda::GatedKernel<decltype(t)>>(arguments);
  });
  return 0;
}

nn::cuda::Sampler revealed(nn::cuda::Sampler sampler) {
  reveal_all(sampler.logits, sampler.seen, sampler.conditional, sampler.unconditional,
             sampler.top_k, sampler.first_draw, sampler.suppressed, sampler.forced, sampler.greedy,
             sampler.guidance, sampler.repetition_penalty, sampler.temperature, sampler.min_p,
             sampler.top_p, sampler.exponentials, sampler.tokens, sampler.finite);
  return sampler;
}

int sample(const nn::cuda::Sampler& sampler, Stream /*stream*/) {
  count_operator("own::sample");
  launch_on_host<nn::cuda::SamplerKernel>(revealed(sampler));
  return 0;
}

int mark_drawn(const nn::cuda::Sampler& sampler, Stream /*stream*/) {
  count_operator("own::mark_drawn");
  launch_on_host<nn::cuda::MarkDrawnKernel>(revealed(sampler));
  return 0;
}

int snake(const nn::cuda::Snake& layer, Stream /*stream*/) {
  count_operator("own::snake");
  nn::cuda::Snake arguments = layer;
  reveal_all(arguments.x, arguments.alpha, arguments.inverse, arguments.keep, arguments.out);
  if (layer.channels % 4 == 0) {
    launch_on_host<nn::cuda::SnakeKernel<4>>(arguments);
  } else {
    launch_on_host<nn::cuda::SnakeKernel<1>>(arguments);
  }
  return 0;
}

}  // namespace

EmulatedKernels::EmulatedKernels() {
  static constexpr nn::cuda::Kernels kAll = {rope_and_cache, decode_attention, gated,
                                             sample,         mark_drawn,       snake};
  nn::set_device_kernels(c10::kPrivateUse1, &kAll);
}

EmulatedKernels::~EmulatedKernels() { nn::set_device_kernels(c10::kPrivateUse1, nullptr); }

}  // namespace chatterbox::testing
