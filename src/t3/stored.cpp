#include "t3/stored.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace chatterbox::t3 {
namespace {

// T3 predicts no text when it speaks, and has tables of its own in place of the backbone's.
constexpr std::array<std::string_view, 3> kUnused = {"text_head.weight", "tfmr.embed_tokens.weight",
                                                     "tfmr.wte.weight"};

bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && text.substr(text.size() - with.size()) == with;
}

}  // namespace

Stored stored_as(const checkpoint::TensorEntry& entry) {
  const auto begins = [&](const char* prefix) { return entry.name.rfind(prefix, 0) == 0; };
  if (std::find(kUnused.begin(), kUnused.end(), entry.name) != kUnused.end()) {
    return Stored::kUnused;
  }
  const bool llama = begins("tfmr.layers.");
  const bool gpt2 = begins("tfmr.h.");
  if (llama || gpt2) {
    if (entry.dtype == checkpoint::DType::kUInt8) return Stored::kPackedMatrix;
    if (ends(entry.name, ".scale")) return Stored::kPackedScale;
    if (entry.shape.size() == 2) return gpt2 ? Stored::kInOutMatrix : Stored::kMatrix;
  }
  return entry.shape.size() > 1 ? Stored::kTable : Stored::kVector;
}

}  // namespace chatterbox::t3
