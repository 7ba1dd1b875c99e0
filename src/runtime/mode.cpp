#include "runtime/mode.h"

namespace chatterbox::runtime {

Mode effective_mode(const EngineOptions& options, bool rows_alike) {
  return options.deterministic && !rows_alike ? Mode::kSequential : options.mode;
}

}  // namespace chatterbox::runtime
