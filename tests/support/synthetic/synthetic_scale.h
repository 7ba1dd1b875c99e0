// The range that the synthetic model's formula fills a tensor from. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chatterbox::testing {

struct SyntheticScale {
  float scale = 0;   // half-width
  float offset = 0;  // centre
};

[[nodiscard]] SyntheticScale synthetic_scale(const std::string& name,
                                             const std::vector<int64_t>& shape);

}  // namespace chatterbox::testing
