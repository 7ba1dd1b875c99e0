// What the executor gets for what a caller asks: checked, and with what the caller left open.
#pragma once

#include <chatterbox/chatterbox.hpp>

#include "engine/executor.h"

namespace chatterbox::engine {

// Both throw what validate_*() and Executor::check() throw, and kNotFound where neither the caller
// nor the model has a voice. Without the callbacks.
[[nodiscard]] Task make_task(const Request& request, const Executor& executor);
[[nodiscard]] Task make_task(Conversion conversion, const Executor& executor);

[[nodiscard]] uint64_t random_seed();
[[nodiscard]] std::string lower_case(std::string code);  // of ASCII

}  // namespace chatterbox::engine
