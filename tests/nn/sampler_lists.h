// The lists of a sampler's kernel, from one sequence's options after another.
#pragma once

#include <ATen/Functions.h>

#include <vector>

#include "nn/cuda/sampler.h"

namespace chatterbox::testing {

// Greedy, without guidance, penalty and filters; to be changed.
struct SamplerRow {
  int64_t conditional = 0, unconditional = 0, top_k = 0;
  bool first_draw = false, suppressed = false, forced = false;
  float guidance = 0, repetition_penalty = 1, temperature = 0, min_p = 0, top_p = 1;

  [[nodiscard]] bool greedy() const { return !(temperature > 0); }
};

struct SamplerLists {
  at::Tensor conditional, unconditional, top_k;             // int64
  at::Tensor first_draw, suppressed, forced, greedy;        // bytes
  at::Tensor guidance, penalty, temperature, min_p, top_p;  // fp32

  explicit SamplerLists(const std::vector<SamplerRow>& rows, c10::Device device = c10::kCPU) {
    const auto list = [&](c10::ScalarType type, auto of) {
      at::Tensor made = at::empty({static_cast<int64_t>(rows.size())}, at::kDouble);
      for (size_t i = 0; i < rows.size(); ++i) {
        made[static_cast<int64_t>(i)] = static_cast<double>(of(rows[i]));
      }
      return made.to(type).to(device);
    };
    conditional = list(at::kLong, [](const SamplerRow& r) { return r.conditional; });
    unconditional = list(at::kLong, [](const SamplerRow& r) { return r.unconditional; });
    top_k = list(at::kLong, [](const SamplerRow& r) { return r.top_k; });
    first_draw = list(at::kByte, [](const SamplerRow& r) { return r.first_draw; });
    suppressed = list(at::kByte, [](const SamplerRow& r) { return r.suppressed; });
    forced = list(at::kByte, [](const SamplerRow& r) { return r.forced; });
    greedy = list(at::kByte, [](const SamplerRow& r) { return r.greedy(); });
    guidance = list(at::kFloat, [](const SamplerRow& r) { return r.guidance; });
    penalty = list(at::kFloat, [](const SamplerRow& r) { return r.repetition_penalty; });
    temperature =
        list(at::kFloat, [](const SamplerRow& r) { return r.greedy() ? 1 : r.temperature; });
    min_p = list(at::kFloat, [](const SamplerRow& r) { return r.min_p; });
    top_p = list(at::kFloat, [](const SamplerRow& r) { return r.top_p; });
  }

  // logits [rows, ids], seen the same in bytes, exponentials [count, ids], tokens and finite
  // [count]: where the lists are.
  [[nodiscard]] nn::cuda::Sampler arguments(const at::Tensor& logits, const at::Tensor& seen,
                                            const at::Tensor& exponentials,
                                            const at::Tensor& tokens, const at::Tensor& finite,
                                            bool penalise_last) const {
    const auto whole = [](const at::Tensor& x) { return x.const_data_ptr<int64_t>(); };
    const auto flags = [](const at::Tensor& x) { return x.const_data_ptr<uint8_t>(); };
    const auto numbers = [](const at::Tensor& x) { return x.const_data_ptr<float>(); };
    return {numbers(logits),
            seen.mutable_data_ptr<uint8_t>(),
            whole(conditional),
            whole(unconditional),
            whole(top_k),
            flags(first_draw),
            flags(suppressed),
            flags(forced),
            flags(greedy),
            numbers(guidance),
            numbers(penalty),
            numbers(temperature),
            numbers(min_p),
            numbers(top_p),
            numbers(exponentials),
            tokens.mutable_data_ptr<int64_t>(),
            finite.mutable_data_ptr<float>(),
            static_cast<int32_t>(tokens.size(0)),
            static_cast<int32_t>(logits.size(1)),
            kStart,
            kEnd,
            penalise_last};
  }

  static constexpr int32_t kStart = 6561, kEnd = 6562;  // t3/special_tokens.h
};

}  // namespace chatterbox::testing
