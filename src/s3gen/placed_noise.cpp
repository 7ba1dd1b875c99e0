#include "s3gen/placed_noise.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "s3gen/philox.h"

namespace chatterbox::s3gen {
namespace {

constexpr int64_t kBlock = 4;  // places that one counter serves

PhiloxBlock block_of(const NoiseRow& row, int64_t block) {
  const auto place = static_cast<uint64_t>(block);
  return philox({static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32U),
                 static_cast<uint32_t>(row.row), static_cast<uint32_t>(row.space)},
                {static_cast<uint32_t>(row.seed), static_cast<uint32_t>(row.seed >> 32U)});
}

// Box and Muller (1958), two at a time.
std::array<float, kBlock> normals_of(const NoiseRow& row, int64_t block) {
  constexpr float kStep = 0x1p-32F;
  constexpr float kTwoPi = 6.28318530717958647692F;
  const PhiloxBlock bits = block_of(row, block);
  std::array<float, kBlock> normals{};
  for (size_t i = 0; i < normals.size(); i += 2) {
    const float uniform = static_cast<float>(bits[i]) * kStep + kStep / 2;  // (0, 1]
    const float radius = std::sqrt(-2 * std::log(uniform));
    const float angle = static_cast<float>(bits[i + 1]) * (kStep * kTwoPi);
    normals[i] = radius * std::cos(angle);
    normals[i + 1] = radius * std::sin(angle);
  }
  return normals;
}

}  // namespace

void placed_normals(const NoiseRow& row, int64_t first, int64_t count, float* out) {
  const int64_t end = first + count;
  for (int64_t place = first; place < end;) {
    const std::array<float, kBlock> normals = normals_of(row, place / kBlock);
    const int64_t skipped = place % kBlock;
    const int64_t taken = std::min(kBlock - skipped, end - place);
    out = std::copy_n(normals.begin() + skipped, taken, out);
    place += taken;
  }
}

float placed_uniform(const NoiseRow& row, int64_t place) {
  constexpr uint32_t kUnused = 8;  // bits that a float has no room for
  const uint32_t bits = block_of(row, place / kBlock)[static_cast<size_t>(place % kBlock)];
  return static_cast<float>(bits >> kUnused) * 0x1p-24F;
}

}  // namespace chatterbox::s3gen
