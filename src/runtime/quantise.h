// A model's folder with T3 in int8. Torch-free.
#pragma once

#include <optional>
#include <string>

#include "runtime/options.h"

namespace chatterbox::runtime {

// Writes the folder `output`: all files of the folder `model` but the T3s, and the one T3 of
// `family` (unset: whose files are there) quantised; see t3/quantise.h. The model is loaded first,
// so that what an engine would refuse is refused. Throws what loading throws, kInvalidArgument
// where `model` is quantised, kIo where `output` is there and not empty, or cannot be written; then
// nothing is left of it.
void quantise(const std::string& model, std::optional<Family> family, const std::string& output);

}  // namespace chatterbox::runtime
