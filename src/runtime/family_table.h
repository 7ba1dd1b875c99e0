// The table of the families. Torch-free.
#pragma once

#include "runtime/family.h"

namespace chatterbox::runtime {

// In the order of preference where kMultilingual is asked for: the Python package's default is the
// second version.
[[nodiscard]] const std::vector<FamilyTraits>& families();

}  // namespace chatterbox::runtime
