// From logits to the next tokens on a CUDA device, one block a sequence: the steps and the order of
// src/t3/sampler.h. The random numbers come from the host, so that a seed draws there what it draws
// on a CPU. Torch-free.
#pragma once

#include <cstdint>

#include "nn/cuda/kernel.h"

namespace chatterbox::nn::cuda {

inline constexpr int kMostIds = 9216;  // that a block has room for; the models have up to 8194

// Addresses of the device, of one number a sequence where nothing else is said.
struct Sampler {
  const float* logits;  // [rows, ids]
  uint8_t* seen;        // [rows, ids], 1 for ids to penalise: of a sequence's conditional row
  const int64_t* conditional;
  const int64_t* unconditional;  // without guidance, the same
  const int64_t* top_k;          // 0: all
  const uint8_t* first_draw;     // after it, the start of speech is not penalised any more
  const uint8_t* suppressed;     // the end of speech is out of reach, ...
  const uint8_t* forced;         // ... or the only choice
  const uint8_t* greedy;
  const float* guidance;
  const float* repetition_penalty;
  const float* temperature;   // of a greedy one 1
  const float* min_p;         // 0: all
  const float* top_p;         // 1: all
  const float* exponentials;  // [count, ids], what at::multinomial divides by; greedy: not read
  int64_t* tokens;
  float* finite;  // 1; no number where a logit is none: then the token means nothing
  int32_t count, ids;
  int32_t start_of_speech, end_of_speech;
  bool penalise_last;  // as Turbo does, which forgets the first draw's start of speech; else before
                       // the temperature
};

// Draws, and marks nothing. cudaError_t; 0 for none. At most kMostIds ids: else
// cudaErrorInvalidValue.
[[nodiscard]] int sample(const Sampler& sampler, Stream stream);
// Marks what was drawn as seen.
[[nodiscard]] int mark_drawn(const Sampler& sampler, Stream stream);

}  // namespace chatterbox::nn::cuda
