// Launches every kernel for CUDA over no data: each has a launcher that links. Without a device
// each says so by an error of its own; with one, there is nothing to do.
#include <cstdio>

#include "nn/cuda/kernels.h"

int main() {
  using namespace chatterbox::nn::cuda;
  const Kernels& all = kernels();
  constexpr Sampler kNoIds{};
  int failed = 0;
  const auto expect = [&](const char* name, bool right) {
    if (right) return;
    std::printf("%s: not what was expected\n", name);
    ++failed;
  };
  expect("rope_and_cache", all.rope_and_cache({}, Type::kBf16, Type::kBf16, nullptr) == 0);
  expect("decode_attention", all.decode_attention({}, Type::kFloat, Type::kBf16, nullptr) == 0);
  expect("gated", all.gated({}, Type::kBf16, nullptr) == 0);
  expect("mark_drawn", all.mark_drawn({}, nullptr) == 0);
  expect("snake", all.snake({}, nullptr) == 0);
  expect("sample", all.sample(kNoIds, nullptr) != 0);  // no ids are too few
  float number = 0;
  const Snake one{&number, &number, &number, nullptr, &number, 1, 1, 1};
  std::printf("a launch on the host's memory: CUDA error %d\n", all.snake(one, nullptr));
  return failed == 0 ? 0 : 1;
}
