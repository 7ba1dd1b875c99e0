#include "engine/mode.h"

namespace chatterbox::engine {

Mode effective_mode(const EngineOptions& options, bool rows_alike) {
  return options.deterministic && !rows_alike ? Mode::kSequential : options.mode;
}

}  // namespace chatterbox::engine
