#include "checkpoint/tensor_file.h"

#include <algorithm>
#include <array>

namespace chatterbox::checkpoint {
namespace {

struct TypeInfo {
  const char* name;
  size_t bytes;
};

// In the order of DType.
constexpr std::array<TypeInfo, 10> kTypes = {{{"F32", 4},
                                              {"F16", 2},
                                              {"BF16", 2},
                                              {"F64", 8},
                                              {"I64", 8},
                                              {"I32", 4},
                                              {"I16", 2},
                                              {"I8", 1},
                                              {"U8", 1},
                                              {"BOOL", 1}}};

}  // namespace

size_t item_size(DType dtype) { return kTypes.at(static_cast<size_t>(dtype)).bytes; }

const char* name(DType dtype) { return kTypes.at(static_cast<size_t>(dtype)).name; }

std::optional<DType> dtype_named(std::string_view text) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (text == kTypes[i].name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

const TensorEntry* TensorFile::find(std::string_view name) const {
  const std::vector<TensorEntry>& all = entries();
  const auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [](const TensorEntry& entry, std::string_view key) { return entry.name < key; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

}  // namespace chatterbox::checkpoint
