// Requests of the C ABI as the library's own code has them.
#pragma once

#include <chatterbox/request.h>

#include "engine/request.h"

namespace chatterbox::capi {

// Both throw kInvalidArgument where the struct, or a flag or a pointer in it, is wrong; the second
// also kBadAudio where its samples cannot be read.
enum class Text { kRequired, kOptional };
[[nodiscard]] Request convert(const chatterbox_request* caller, Text text = Text::kRequired);
[[nodiscard]] Conversion convert(const chatterbox_conversion* caller);

}  // namespace chatterbox::capi
