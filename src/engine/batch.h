// Many requests of one caller, which waits for all of them.
#pragma once

#include <vector>

#include "engine/request.h"
#include "engine/result.h"
#include "engine/scheduling/worker.h"

namespace chatterbox::engine {

// See Engine::generate_batch().
[[nodiscard]] std::vector<Outcome> generate_batch(Worker& worker,
                                                  const std::vector<Request>& requests);

}  // namespace chatterbox::engine
