// Calls a fuzz target without a fuzzer: driver FIRST COUNT [FILE...], with inputs drawn from so
// many seeds. Names the seed before each call, so that the last one named is the one that failed.
// COUNT may be a time, such as 10s: then it names each thousandth, to be run again with a count.
// With files, those come first as they are, and an input is one of them with a few changes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

using Random = std::mt19937_64;

std::string random_bytes(Random& random, size_t most) {
  std::string bytes(random() % most, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void change(Random& random, std::string& bytes) {
  const size_t at = random() % (bytes.size() + 1);
  const size_t count = std::min<size_t>(bytes.size() - at, random() % 32);
  switch (random() % 6) {
    case 0:
      bytes.insert(at, random_bytes(random, 8));
      break;
    case 1:
      bytes.erase(at, count);
      break;
    case 2:
      bytes.insert(random() % (bytes.size() + 1), bytes.substr(at, count));
      break;
    case 3:
      bytes.resize(at);
      break;
    default:
      if (at == bytes.size()) return;
      constexpr char kEdges[] = {0, 1, 0x7F, '\x80', '\xFF'};
      bytes[at] = random() % 2 == 0 ? kEdges[random() % std::size(kEdges)]
                                    : static_cast<char>(bytes[at] ^ (1 << random() % 8));
  }
}

std::string draw(Random& random, const std::vector<std::string>& files) {
  if (files.empty()) return random_bytes(random, 400);
  std::string bytes = files[random() % files.size()];
  for (size_t changes = 1 + random() % 8; changes > 0; --changes) change(random, bytes);
  return bytes;
}

void call(const std::string& bytes) {
  (void)LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

void call_seed(uint64_t seed, const std::vector<std::string>& files) {
  Random random(seed);
  call(draw(random, files));
}

void name_seed(uint64_t seed) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
}

void call_for(std::chrono::seconds time, uint64_t seed, const std::vector<std::string>& files) {
  const auto end = std::chrono::steady_clock::now() + time;
  const uint64_t first = seed;
  for (; std::chrono::steady_clock::now() < end; ++seed) {
    if ((seed - first) % 1000 == 0) name_seed(seed);
    call_seed(seed, files);
  }
  std::printf("%llu seeds\n", static_cast<unsigned long long>(seed - first));
}

// Their contents, each of which was an input.
std::vector<std::string> call_files(char** begin, char** end) {
  std::vector<std::string> files;
  for (char** name = begin; name != end; ++name) {
    std::printf("%s\n", *name);
    std::fflush(stdout);
    std::ifstream stream(*name, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    call(files.back());
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FIRST_SEED COUNT|SECONDSs [FILE...]\n", argv[0]);
    return 2;
  }
  const std::vector<std::string> files = call_files(argv + 3, argv + argc);
  const auto first = std::strtoull(argv[1], nullptr, 10);
  char* unit = nullptr;
  const auto count = std::strtoull(argv[2], &unit, 10);
  if (*unit == 's') {
    call_for(std::chrono::seconds(count), first, files);
    return 0;
  }
  for (uint64_t seed = first; seed < first + count; ++seed) {
    name_seed(seed);
    call_seed(seed, files);
  }
  return 0;
}
