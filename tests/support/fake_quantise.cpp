// Writes no folder: says what it was asked for.
#include "runtime/quantise.h"
#include "support/error.h"

namespace chatterbox::runtime {

void quantise(const std::string& model, std::optional<Family> family, const std::string& output) {
  if (output == "full") {
    fail(Status::kIo, "{}: {} of family {}", output, model,
         family ? static_cast<int32_t>(*family) : 0);
  }
}

}  // namespace chatterbox::runtime
