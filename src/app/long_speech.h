// Texts that are too long for one request.
#pragma once

#include <chatterbox/chatterbox.hpp>

namespace chatterbox::app {

// Whether one request says the text well: it has no marks of pauses, and takes about half a minute
// to say at most.
[[nodiscard]] bool fits_one_request(const ChatterboxEngine& engine, const Request& request);

}  // namespace chatterbox::app
