// Calls a fuzz target without a fuzzer: driver FIRST COUNT, with bytes drawn from so many seeds.
// Names the seed before each call, so that the last one named is the one that failed.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "fuzz/target.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FIRST_SEED COUNT\n", argv[0]);
    return 2;
  }
  const auto first = std::strtoull(argv[1], nullptr, 10);
  const auto count = std::strtoull(argv[2], nullptr, 10);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    std::mt19937_64 random(seed);
    std::vector<uint8_t> bytes(random() % 400);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    (void)LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return 0;
}
