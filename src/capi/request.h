// chatterbox_request as the C++ API's.
#pragma once

#include <chatterbox/chatterbox.h>

#include <chatterbox/chatterbox.hpp>

namespace chatterbox::capi {

// Throws kInvalidArgument where the struct, or a flag or a pointer in it, is wrong.
[[nodiscard]] Request convert(const chatterbox_request* caller);

}  // namespace chatterbox::capi
