// Texts that are too long for one request.
#pragma once

#include <chatterbox/chatterbox.hpp>

#include "cli/output.h"

namespace chatterbox::cli {

// Whether one request says the text well: it has no marks of pauses, and takes about half a minute
// to say at most.
[[nodiscard]] bool fits_one_request(const ChatterboxEngine& engine, const Request& request);

// Speaks a text of any length into the output while it is being made. What was spoken is in the
// file, whatever ends the rest. Throws Interrupted after an interrupt.
[[nodiscard]] Result speak_long(const ChatterboxEngine& engine, Request request,
                                const AudioOutput& output);

}  // namespace chatterbox::cli
