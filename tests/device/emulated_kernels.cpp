#include "device/emulated_kernels.h"

#include "device/device_counts.h"
#include "device/graph_recording.h"
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

using nn::cuda::of_types;
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

nn::cuda::Gated revealed(nn::cuda::Gated layer) {
  reveal_all(layer.gate_up, layer.out);
  return layer;
}
nn::cuda::Snake revealed(nn::cuda::Snake layer) {
  reveal_all(layer.x, layer.alpha, layer.inverse, layer.keep, layer.out);
  return layer;
}
nn::cuda::Sampler revealed(nn::cuda::Sampler sampler) {
  reveal_all(sampler.logits, sampler.seen, sampler.conditional, sampler.unconditional,
             sampler.top_k, sampler.first_draw, sampler.suppressed, sampler.forced, sampler.greedy,
             sampler.guidance, sampler.repetition_penalty, sampler.temperature, sampler.min_p,
             sampler.top_p, sampler.exponentials, sampler.tokens, sampler.finite);
  return sampler;
}

// A launch, which a graph has done again.
template <class Arguments, class Work>
int launch(const char* name, const std::vector<const void*>& addresses, const Arguments& hidden,
           const Work& work) {
  count_operator(name);
  const auto run = [=] { work(revealed(hidden)); };
  if (GraphRecording* recording = GraphRecording::current()) {
    recording->add_launch(name, addresses, run);
  }
  run();
  return 0;
}

std::vector<const void*> addresses_of(const nn::cuda::DecodeStep& step) {
  return {step.qkv, step.cache_rows, step.positions, step.cos,
          step.sin, step.cache,      step.workspace, step.out};
}

int rope_and_cache(const nn::cuda::DecodeStep& step, Type type, Type cache, Stream /*stream*/) {
  return launch("own::rope_and_cache", addresses_of(step), step, [=](const auto& arguments) {
    of_types(type, cache, [&](auto t, auto cached) {
      launch_on_host<nn::cuda::RopeCache<decltype(t), decltype(cached)>>(arguments);
    });
  });
}

// Two launches.
int decode_attention(const nn::cuda::DecodeStep& step, Type type, Type cache, Stream /*stream*/) {
  launch("own::attend_chunk", addresses_of(step), step, [=](const auto& arguments) {
    of_types(type, cache, [&](auto t, auto cached) {
      launch_on_host<nn::cuda::AttendChunk<decltype(t), decltype(cached)>>(arguments);
    });
  });
  return launch("own::join_chunks", addresses_of(step), step, [=](const auto& arguments) {
    of_types(type, cache, [&](auto t, auto /*cached*/) {
      launch_on_host<nn::cuda::JoinChunks<decltype(t)>>(arguments);
    });
  });
}

int gated(const nn::cuda::Gated& layer, Type type, Stream /*stream*/) {
  return launch("own::gated", {layer.gate_up, layer.out}, layer, [=](const auto& arguments) {
    of_types(type, Type::kFloat, [&](auto t, auto /*cached*/) {
      launch_on_host<nn::cuda::GatedKernel<decltype(t)>>(arguments);
    });
  });
}

std::vector<const void*> addresses_of(const nn::cuda::Sampler& s) {
  return {s.logits,      s.seen,   s.conditional, s.unconditional, s.top_k,
          s.first_draw,  s.forced, s.suppressed,  s.greedy,        s.guidance,
          s.temperature, s.min_p,  s.top_p,       s.exponentials,  s.repetition_penalty,
          s.tokens,      s.finite};
}

int sample(const nn::cuda::Sampler& sampler, Stream /*stream*/) {
  return launch("own::sample", addresses_of(sampler), sampler,
                [](const auto& arguments) { launch_on_host<nn::cuda::SamplerKernel>(arguments); });
}

int mark_drawn(const nn::cuda::Sampler& sampler, Stream /*stream*/) {
  return launch("own::mark_drawn", addresses_of(sampler), sampler, [](const auto& arguments) {
    launch_on_host<nn::cuda::MarkDrawnKernel>(arguments);
  });
}

int snake(const nn::cuda::Snake& layer, Stream /*stream*/) {
  return launch("own::snake", {layer.x, layer.alpha, layer.inverse, layer.keep, layer.out}, layer,
                [channels = layer.channels](const auto& arguments) {
                  if (channels % 4 == 0) {
                    launch_on_host<nn::cuda::SnakeKernel<4>>(arguments);
                  } else {
                    launch_on_host<nn::cuda::SnakeKernel<1>>(arguments);
                  }
                });
}

}  // namespace

EmulatedKernels::EmulatedKernels() {
  static constexpr nn::cuda::Kernels kAll = {rope_and_cache, decode_attention, gated,
                                             sample,         mark_drawn,       snake};
  nn::set_device_kernels(c10::kPrivateUse1, &kAll);
}

EmulatedKernels::~EmulatedKernels() { nn::set_device_kernels(c10::kPrivateUse1, nullptr); }

}  // namespace chatterbox::testing
