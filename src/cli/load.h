// Loading a model as all commands do.
#pragma once

#include <chatterbox/chatterbox.hpp>

namespace chatterbox::cli {

// Says on stderr what to expect of the demo model, and passes on the engine's warnings. A request's
// tag is the number of its line in the user's file.
[[nodiscard]] ChatterboxEngine load_engine(EngineOptions options);

}  // namespace chatterbox::cli
